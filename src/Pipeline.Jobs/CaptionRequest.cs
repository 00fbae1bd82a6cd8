namespace Pipeline.Jobs;

/// <summary>What is asked about every input of a run.</summary>
/// <param name="Prompt">The user's turn; null takes the default of the input's kind.</param>
/// <param name="SystemPrompt">The system turn; null for none.</param>
/// <param name="Raw">The prompt is bare text, not a chat turn: BOS once, special tokens recognised. Text alone.</param>
/// <param name="Frames">Frames of a video; null takes the checkpoint's <c>num_frames</c>, else 8.</param>
/// <param name="Generation">How the answer is generated.</param>
public sealed record CaptionRequest(string? Prompt, string? SystemPrompt, bool Raw, int? Frames, GenerationSettings Generation);

/// <summary>How an answer is generated, as the user said it: null is what was not said.</summary>
/// <param name="Sample">Draw from the distribution with the checkpoint's own settings (generation_config.json).</param>
/// <param name="MaxTokens">Tokens at most; null takes the checkpoint's <c>max_new_tokens</c>, else 256.</param>
/// <param name="MinTokens">No stop before so many tokens.</param>
/// <param name="Temperature">Divides the logits; 0 is greedy.</param>
/// <param name="TopK">Keeps the k likeliest; 0 keeps all.</param>
/// <param name="TopP">Keeps the smallest set that holds this probability.</param>
/// <param name="MinP">Keeps what has this share of the likeliest token's probability.</param>
/// <param name="TypicalP">Keeps the most typical tokens that hold this probability.</param>
/// <param name="RepetitionPenalty">Divides (or, below zero, multiplies) the logits of tokens already seen.</param>
/// <param name="PresencePenalty">Taken from the logit of each generated token, once.</param>
/// <param name="FrequencyPenalty">Taken from the logit of each generated token, for each time.</param>
/// <param name="LogitBias">Added to the logit of a token id.</param>
/// <param name="Seed">Same seed, same text.</param>
/// <param name="StopStrings">The answer ends before the first of these.</param>
/// <param name="StopTokens">Token ids that end the answer, beside the checkpoint's own.</param>
/// <param name="IgnoreEos">Goes on past the checkpoint's own stop tokens.</param>
public sealed record GenerationSettings(
    bool Sample,
    int? MaxTokens,
    int MinTokens,
    double? Temperature,
    int? TopK,
    double? TopP,
    double? MinP,
    double? TypicalP,
    double? RepetitionPenalty,
    double? PresencePenalty,
    double? FrequencyPenalty,
    IReadOnlyDictionary<int, double> LogitBias,
    ulong Seed,
    IReadOnlyList<string> StopStrings,
    IReadOnlyList<int> StopTokens,
    bool IgnoreEos)
{
    /// <summary>Nothing was said: greedy, with the checkpoint's own stops and length.</summary>
    public static GenerationSettings Default { get; } = new(
        Sample: false, MaxTokens: null, MinTokens: 0, Temperature: null, TopK: null, TopP: null, MinP: null, TypicalP: null,
        RepetitionPenalty: null, PresencePenalty: null, FrequencyPenalty: null, new Dictionary<int, double>(), Seed: 0,
        StopStrings: [], StopTokens: [], IgnoreEos: false);
}
