namespace Pipeline.Model;

/// <summary>How the next token is chosen. The steps run in the order of these parameters, logit bias first of all.</summary>
/// <param name="Greedy">Take the best token; the filters and the temperature do not matter.</param>
/// <param name="RepetitionPenalty">
/// Divides positive and multiplies negative logits of tokens in prompt or answer (Keskar et al., arXiv 1909.05858); 1 = none.
/// </param>
/// <param name="PresencePenalty">Subtracted once from each token of the answer; 0 = none.</param>
/// <param name="FrequencyPenalty">Subtracted from a token for each time it stands in the answer; 0 = none.</param>
/// <param name="Temperature">Divides the logits; 0 is greedy.</param>
/// <param name="TopK">Only the k best and what equals the last of them; 0 = all.</param>
/// <param name="TopP">The smallest set of best tokens whose probability reaches this (Holtzman et al., arXiv 1904.09751); 1 = all.</param>
/// <param name="MinP">Only tokens with at least this share of the best one's probability (Nguyen et al., arXiv 2407.01082); 0 = all.</param>
/// <param name="TypicalP">The most typical tokens up to this probability (Meister et al., arXiv 2202.00666); 1 = all.</param>
/// <param name="LogitBias">Added to the logits of these ids.</param>
/// <param name="MinTokens">Stop tokens are not chosen before the answer has this many tokens.</param>
/// <param name="StopIds">Tokens that end the answer.</param>
/// <param name="Seed">Seed of the random numbers: the same seed gives the same text.</param>
public sealed record SamplingOptions(
    bool Greedy,
    double RepetitionPenalty,
    double PresencePenalty,
    double FrequencyPenalty,
    double Temperature,
    int TopK,
    double TopP,
    double MinP,
    double TypicalP,
    IReadOnlyDictionary<int, double> LogitBias,
    int MinTokens,
    IReadOnlyList<int> StopIds,
    ulong Seed)
{
    /// <summary>The best token each time, with nothing else set.</summary>
    public static SamplingOptions Best { get; } = new(
        Greedy: true,
        RepetitionPenalty: 1,
        PresencePenalty: 0,
        FrequencyPenalty: 0,
        Temperature: 1,
        TopK: 0,
        TopP: 1,
        MinP: 0,
        TypicalP: 1,
        LogitBias: new Dictionary<int, double>(),
        MinTokens: 0,
        StopIds: [],
        Seed: 0);

    /// <summary>Whether the best token of the processed logits is taken.</summary>
    public bool TakesBest => Greedy || (float)Temperature == 0;

    /// <summary>
    /// Whether the device's own choice, the best of the raw logits, is the answer's token of this index, so that the logits
    /// need not be read.
    /// </summary>
    public bool TakesRawBest(int tokenIndex) =>
        TakesBest
        && RepetitionPenalty == 1
        && PresencePenalty == 0
        && FrequencyPenalty == 0
        && LogitBias.Count == 0
        && (tokenIndex >= MinTokens || StopIds.Count == 0);

    /// <summary>Checks every setting: within these ranges no score overflows float32.</summary>
    /// <exception cref="PipelineException">One lies outside its range; the message names it.</exception>
    public SamplingOptions Validated(int vocabularySize)
    {
        Check(RepetitionPenalty is >= 0.01 and <= 100, "repetition-penalty", RepetitionPenalty, "0.01 to 100");
        Check(PresencePenalty is >= -100 and <= 100, "presence-penalty", PresencePenalty, "-100 to 100");
        Check(FrequencyPenalty is >= -100 and <= 100, "frequency-penalty", FrequencyPenalty, "-100 to 100");
        Check(double.IsFinite(Temperature) && Temperature >= 0, "temperature", Temperature, "0 (greedy) or above");
        Check(TopK >= 0, "top-k", TopK, "0 (all) or above");
        Check(TopP is > 0 and <= 1, "top-p", TopP, "above 0, at most 1");
        Check(MinP is >= 0 and <= 1, "min-p", MinP, "0 to 1");
        Check(TypicalP is > 0 and <= 1, "typical-p", TypicalP, "above 0, at most 1");
        Check(MinTokens >= 0, "min-tokens", MinTokens, "0 or above");
        foreach (var (id, bias) in LogitBias)
        {
            Check((uint)id < (uint)vocabularySize, "logit-bias", id, $"a token id below {vocabularySize}");
            Check(bias is >= -100 and <= 100, "logit-bias", bias, "-100 to 100");
        }

        return this;
    }

    private static void Check(bool holds, string name, double value, string allowed)
    {
        if (!holds)
        {
            throw new PipelineException("sampling." + name, $"{name} is {value}", $"allowed: {allowed}");
        }
    }
}
