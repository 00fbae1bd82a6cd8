namespace Pipeline.Engine.Scheduling;

/// <summary>A piece of a fused prompt, prefilled in order as it comes.</summary>
public abstract record Segment(int Length);

/// <summary>Text tokens.</summary>
public sealed record TextSegment(IReadOnlyList<int> Ids) : Segment(Ids.Count);

/// <summary>Visual tokens of one tile.</summary>
/// <param name="Rows">Projected rows <c>[tokens, hidden]</c> of the whole picture: an immutable host array.</param>
/// <param name="First">The tile's first row.</param>
/// <param name="Length">The tile's rows.</param>
/// <param name="Lease">With the picture's last tile: its share of <c>vision.tokens-waiting</c>, given back when the rows are prefilled.</param>
public sealed record VisualSegment(float[] Rows, int First, int Length, Gate.Lease? Lease) : Segment(Length);
