using Pipeline.Model;

namespace Pipeline.Engine.Decoding;

/// <summary>Why a session's text ended.</summary>
public enum FinishReason
{
    /// <summary>A stop token or a stop string.</summary>
    Stop,

    /// <summary>Max-tokens was reached.</summary>
    Length,
}

/// <summary>How a session generates.</summary>
/// <param name="Sampling">How each token is chosen, and which tokens end the text.</param>
/// <param name="MaxTokens">Most tokens generated, a stop token included.</param>
/// <param name="StopStrings">Strings that end the text; not part of it.</param>
public sealed record DecodeSettings(SamplingOptions Sampling, int MaxTokens, IReadOnlyList<string> StopStrings);

/// <summary>One generated token, its text alone, and the logarithm of its raw probability. Part of a character reads U+FFFD.</summary>
public readonly record struct TokenLogprob(int Token, string Text, float Logprob);
