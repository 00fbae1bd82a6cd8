using Pipeline.Jobs;

namespace Pipeline.Terminal;

/// <summary>A sink that tells failures on standard error beside the results, and counts both.</summary>
/// <param name="inner">Where results go.</param>
/// <param name="needsSpan">The format has nothing for an input without a duration: such a one fails.</param>
/// <param name="onResult">Called after each result.</param>
internal sealed class ReportingSink(IResultSink inner, TextWriter error, bool needsSpan, Action onResult) : IResultSink
{
    public int Captioned { get; private set; }

    public int Failed { get; private set; }

    public string? Unfinished => inner.Unfinished;

    public ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation) =>
        inner.StreamAsync(input, text, cancellation);

    public async ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation)
    {
        if (needsSpan && result is Caption { End: null })
        {
            result = new CaptionFailed(
                input.Index, input.Source, "output.no-span", "a still has no duration for a subtitle", "use --format text or jsonl for pictures");
        }

        await inner.WriteAsync(input, result, cancellation);
        if (result is CaptionFailed failed)
        {
            Failed++;
            error.WriteError(failed.Source.Length == 0 ? failed.Message : $"{failed.Source}: {failed.Message}", failed.Hint);
        }
        else
        {
            Captioned++;
        }

        onResult();
    }

    public ValueTask CompleteAsync(CancellationToken cancellation) => inner.CompleteAsync(cancellation);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
