using System.ComponentModel.DataAnnotations;

namespace Pipeline.Jobs;

/// <summary>The block <c>pipeline.jobs</c>.</summary>
public sealed record JobsOptions(
    [property: Range(1, 4096)] int WindowsInFlight,
    [property: Range(1, 100)] int Attempts,
    TimeSpan RetryDelay,
    TimeSpan OutsideDeadline);
