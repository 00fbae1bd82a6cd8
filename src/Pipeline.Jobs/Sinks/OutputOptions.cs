using System.ComponentModel.DataAnnotations;

namespace Pipeline.Jobs.Sinks;

/// <summary>The block <c>pipeline.output</c>.</summary>
/// <param name="ResultsWaiting">How far a window may be ahead of the next result to be written.</param>
public sealed record OutputOptions([property: Range(1, 1_000_000)] int ResultsWaiting);
