namespace Pipeline.Jobs;

/// <summary>
/// Where results go. The run calls it from one place at a time, in input order; a call returns when the result is
/// handed to the operating system. A sink that cannot write throws a <see cref="PipelineException"/> of
/// <see cref="FailureKind.Outside"/>, which ends the run. Disposing without <see cref="CompleteAsync"/> keeps what is
/// finished where it lies.
/// </summary>
public interface IResultSink : IAsyncDisposable
{
    /// <summary>The file that keeps the finished results of a run that was cut off; null where they lie in their final place.</summary>
    string? Unfinished => null;

    /// <summary>A piece of the next result's text, as soon as it is decoded; only for the input that is written next.
    /// Each character comes once, whatever was retried.</summary>
    ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation);

    ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation);

    /// <summary>The run has ended by itself: output takes its final name.</summary>
    ValueTask CompleteAsync(CancellationToken cancellation);
}
