namespace Pipeline.Bench;

/// <summary>What a benchmark measures.</summary>
/// <param name="Rounds">Times that everything is measured, in turn.</param>
/// <param name="Prompts">Lengths of prompts, in tokens.</param>
/// <param name="Sequences">Numbers of sequences that decode together.</param>
/// <param name="Tokens">Tokens that each of them decodes in a round.</param>
/// <param name="Context">Tokens that each has before the first of those.</param>
/// <param name="Tiles">Tiles of a vision batch.</param>
/// <param name="PrefillRows">Most rows of a step of prefill; longer prompts take several, as in the engine.</param>
/// <param name="PageTokens">Most tokens of a KV page.</param>
internal sealed record BenchPlan(
    int Rounds,
    IReadOnlyList<int> Prompts,
    IReadOnlyList<int> Sequences,
    int Tokens,
    int Context,
    int Tiles,
    int PrefillRows,
    int PageTokens)
{
    public int LongestPrompt => Prompts.Max();

    public int MostSequences => Sequences.Max();

    /// <summary>Positions of a decoding sequence.</summary>
    public int SequenceLength => Context + Tokens;
}
