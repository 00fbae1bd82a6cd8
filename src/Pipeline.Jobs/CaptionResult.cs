using Pipeline.Engine.Decoding;

namespace Pipeline.Jobs;

/// <summary>What an input was: <see cref="Text"/> is a turn without a picture.</summary>
public enum CaptionKind
{
    Image,
    Video,
    Text,
}

/// <summary>The one answer to an input.</summary>
/// <param name="Index">The input's place in the run.</param>
/// <param name="Source">The input's path as the user spelled it.</param>
public abstract record CaptionResult(int Index, string Source);

/// <summary>An input's caption.</summary>
/// <param name="Start">Where the captioned span begins; null for a still.</param>
/// <param name="End">Where it ends; null for a still.</param>
/// <param name="Prompt">The user's turn that was asked.</param>
/// <param name="Text">The caption.</param>
/// <param name="Tokens">The generated tokens with their log-probabilities in the raw distribution; a stop token is not among them.</param>
/// <param name="MeanLogprob">Mean natural log-probability of the generated tokens in the raw distribution; null without tokens.</param>
/// <param name="Truncated">The file ended early: what could be decoded was captioned.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Elapsed">From the input's start to its last token.</param>
public sealed record Caption(
    int Index,
    string Source,
    CaptionKind Kind,
    TimeSpan? Start,
    TimeSpan? End,
    string Prompt,
    string Text,
    IReadOnlyList<TokenLogprob> Tokens,
    double? MeanLogprob,
    FinishReason FinishReason,
    bool Truncated,
    string Model,
    TimeSpan Elapsed) : CaptionResult(Index, Source);

/// <summary>An input that has no caption, and why.</summary>
/// <param name="Code">Stable name of the failure: <c>media.no-video</c>.</param>
/// <param name="Message">What is wrong, without the file's name.</param>
/// <param name="Hint">What to do; null where nothing can be said.</param>
/// <param name="Kind">Who is to blame.</param>
public sealed record CaptionFailed(
    int Index, string Source, string Code, string Message, string? Hint, FailureKind Kind = FailureKind.Input)
    : CaptionResult(Index, Source)
{
    public static CaptionFailed From(CaptionInput input, PipelineException failure)
    {
        // A failure names its file by the path it knew; results name it as the user spelled it.
        string?[] names = [input.Source, input.Path, Path.GetFileName(input.Path)];
        var named = Array.Find(names, name => name is not null && failure.Message.StartsWith(name + ": ", StringComparison.Ordinal));
        var message = named is null ? failure.Message : failure.Message[(named.Length + 2)..];
        return new CaptionFailed(input.Index, input.Source, failure.Code, message, failure.Hint, failure.Kind);
    }
}
