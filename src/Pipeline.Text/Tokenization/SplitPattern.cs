namespace Pipeline.Text;

/// <summary>
/// A regular expression that cuts text into pre-tokens, across which nothing is merged. Only patterns that are in use
/// are known, each as the list of its alternatives; together those of a pattern match any character.
/// </summary>
internal sealed class SplitPattern
{
    private readonly PatternBranch[] _branches;

    private SplitPattern(params PatternBranch[] branches)
    {
        _branches = branches;
        Text = string.Join('|', branches.Select(branch => branch.Text));
    }

    /// <summary>The pattern of GPT-2, which the ByteLevel pre-tokenizer applies by itself.</summary>
    public static SplitPattern Gpt2 { get; } = new(
        [.. PatternBranches.LowerCaseContractions, PatternBranches.SpacedLetters, PatternBranches.SpacedNumbers,
            PatternBranches.SpacedSymbols, PatternBranches.SpacesBeforeLast, PatternBranches.Spaces]);

    public static SplitPattern Llama3 { get; } = new(
        PatternBranches.Contraction, PatternBranches.PrefixedLetters, PatternBranches.ThreeDigits, PatternBranches.SymbolsNewlines,
        PatternBranches.Newlines, PatternBranches.SpacesBeforeLast, PatternBranches.Spaces);

    public static SplitPattern Qwen2 { get; } = new(
        PatternBranches.Contraction, PatternBranches.PrefixedLetters, PatternBranches.OneDigit, PatternBranches.SymbolsNewlines,
        PatternBranches.Newlines, PatternBranches.SpacesBeforeLast, PatternBranches.Spaces);

    /// <summary>Mistral's pattern since Nemo.</summary>
    public static SplitPattern Tekken { get; } = new(
        PatternBranches.LowerEnded, PatternBranches.UpperStarted, PatternBranches.OneDigit, PatternBranches.SymbolsNewlinesSlashes,
        PatternBranches.Newlines, PatternBranches.SpacesBeforeLast, PatternBranches.Spaces);

    /// <summary>The pattern of o200k and of Llama 4.</summary>
    public static SplitPattern O200k { get; } = new(
        PatternBranches.LowerEndedContracted, PatternBranches.UpperStartedContracted, PatternBranches.ThreeDigits,
        PatternBranches.SymbolsNewlinesSlashes, PatternBranches.Newlines, PatternBranches.SpacesBeforeLast, PatternBranches.Spaces);

    public static IReadOnlyList<SplitPattern> Known { get; } = [Gpt2, Llama3, Qwen2, Tekken, O200k];

    public string Text { get; }

    /// <summary>The end of the pre-token that starts at a position of valid UTF-8.</summary>
    public int EndOfPiece(ReadOnlySpan<byte> text, int start)
    {
        foreach (var branch in _branches)
        {
            var end = branch.Match(text, start);
            if (end > start)
            {
                return end;
            }
        }

        throw new InvalidOperationException($"The pattern {Text} does not match at byte {start}.");
    }
}
