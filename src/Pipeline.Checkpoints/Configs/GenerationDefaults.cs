namespace Pipeline.Checkpoints;

/// <summary>generation_config.json: how the checkpoint's makers sample. Null where the file does not say.</summary>
/// <param name="Sample">Whether to sample (<c>do_sample</c>); else greedy.</param>
/// <param name="MaxNewTokens">Most tokens to generate.</param>
/// <param name="Temperature">Above 0.</param>
/// <param name="TopK">0 means off.</param>
/// <param name="TopP">In (0, 1].</param>
/// <param name="MinP">In [0, 1].</param>
/// <param name="TypicalP">In (0, 1].</param>
/// <param name="RepetitionPenalty">Above 0; 1 means off.</param>
/// <param name="StopIds">Tokens that end a text; config.json's where this file names none.</param>
public sealed record GenerationDefaults(
    bool Sample,
    int? MaxNewTokens,
    double? Temperature,
    int? TopK,
    double? TopP,
    double? MinP,
    double? TypicalP,
    double? RepetitionPenalty,
    IReadOnlyList<int> StopIds)
{
    // The smallest positive value that makes sense for a number that must not be 0.
    private const double Tiny = 1e-6;

    /// <summary>Reads generation_config.json of a directory; without the file, greedy decoding with config.json's stops.</summary>
    internal static GenerationDefaults Read(string directory, TextConfig text, List<string> unknown)
    {
        if (JsonSection.FromFile(Path.Combine(directory, "generation_config.json")) is not { } keys)
        {
            return new GenerationDefaults(Sample: false, null, null, null, null, null, null, null, text.EosIds);
        }

        var sample = keys.Flag("do_sample", fallback: false);
        var result = new GenerationDefaults(
            sample,
            keys.OptionalInt("max_new_tokens", 1, int.MaxValue),
            ReadTemperature(keys, sample),
            keys.OptionalInt("top_k", 0, int.MaxValue),
            keys.OptionalNumber("top_p", Tiny, 1),
            keys.OptionalNumber("min_p", 0, 1),
            keys.OptionalNumber("typical_p", Tiny, 1),
            keys.OptionalNumber("repetition_penalty", Tiny, 1e6),
            TokenIds.Read(keys, "eos_token_id", text.VocabularySize) ?? text.EosIds);
        GenerationKeys.Table.Check(keys, unknown);
        return result;
    }

    // Where nothing is sampled, 0 is a way to say so.
    private static double? ReadTemperature(JsonSection keys, bool sample) =>
        keys.OptionalNumber("temperature", sample ? Tiny : 0, 1e6) is > 0 and var temperature ? temperature : null;
}
