namespace Pipeline.Jobs;

/// <summary>One file of a run, as a source found it.</summary>
/// <param name="Index">Its place in the run, from 0: results are written in this order.</param>
/// <param name="Source">The path as the user spelled it; what results and messages show.</param>
/// <param name="Path">The absolute path; null for a turn of text alone.</param>
/// <param name="OutputName">Where <c>--output DIR/</c> puts its result: relative to DIR, never leaving it, without the format's extension.</param>
/// <param name="Error">Not null where the source already knows that this input fails (no such file, an empty folder):
/// the run answers with a <see cref="CaptionFailed"/> in its place.</param>
public sealed record CaptionInput(int Index, string Source, string? Path, string OutputName, PipelineException? Error = null);
