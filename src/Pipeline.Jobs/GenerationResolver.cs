using Pipeline.Checkpoints;
using Pipeline.Engine.Decoding;
using Pipeline.Model;

namespace Pipeline.Jobs;

/// <summary>
/// Turns what the user said into settings with a value for everything. Greedy unless <c>--sample</c> or a sampling option is given;
/// <c>--sample</c> takes the checkpoint's values where the user said none; stops and max-tokens always come from the checkpoint.
/// </summary>
public static class GenerationResolver
{
    /// <summary>Tokens generated at most where neither the user nor the checkpoint says.</summary>
    public const int DefaultMaxTokens = 256;

    /// <exception cref="PipelineException">A setting lies outside its range; the message names it.</exception>
    public static DecodeSettings Resolve(GenerationSettings said, GenerationDefaults checkpoint, int vocabularySize)
    {
        var defaults = said.Sample ? checkpoint : null;
        var samples = said.Sample
            || said.Temperature is not null || said.TopK is not null || said.TopP is not null || said.MinP is not null || said.TypicalP is not null;
        var sampling = new SamplingOptions(
            Greedy: !samples,
            RepetitionPenalty: said.RepetitionPenalty ?? defaults?.RepetitionPenalty ?? 1,
            PresencePenalty: said.PresencePenalty ?? 0,
            FrequencyPenalty: said.FrequencyPenalty ?? 0,
            Temperature: said.Temperature ?? defaults?.Temperature ?? 1,
            TopK: said.TopK ?? defaults?.TopK ?? 0,
            TopP: said.TopP ?? defaults?.TopP ?? 1,
            MinP: said.MinP ?? defaults?.MinP ?? 0,
            TypicalP: said.TypicalP ?? defaults?.TypicalP ?? 1,
            said.LogitBias,
            said.MinTokens,
            StopIds: [.. (said.IgnoreEos ? [] : checkpoint.StopIds).Concat(said.StopTokens).Distinct()],
            said.Seed);
        var maxTokens = said.MaxTokens ?? checkpoint.MaxNewTokens ?? DefaultMaxTokens;
        if (maxTokens < 1)
        {
            throw new PipelineException("generation.max-tokens", $"max-tokens is {maxTokens}", "allowed: 1 or above (--max-tokens, or max_new_tokens in generation_config.json)");
        }

        if (said.StopStrings.Contains(""))
        {
            throw new PipelineException("generation.stop", "a stop string is empty", "name the text that ends the answer (--stop)");
        }

        return new DecodeSettings(sampling.Validated(vocabularySize), maxTokens, said.StopStrings);
    }
}
