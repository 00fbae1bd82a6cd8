namespace Pipeline.Media;

/// <summary>Where the frames to take lie, and how to get there.</summary>
/// <param name="First">Time of the first frame that decodes, in ticks.</param>
/// <param name="Last">Time of the last one.</param>
/// <param name="Times">Times of all frames, ascending, where they are known; else each target is looked up when its turn comes.</param>
/// <param name="BySeeking">One child a target, from the key frame before it; else one child for all, from the start.</param>
/// <param name="IsCutShort">Whether the file holds less than it announces.</param>
internal sealed record SamplePlan(long First, long Last, long[]? Times, bool BySeeking, bool IsCutShort);
