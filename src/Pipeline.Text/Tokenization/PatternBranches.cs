namespace Pipeline.Text;

/// <summary>
/// One alternative of a split pattern: its text, and a matcher that gives the end of the match at a position of valid
/// UTF-8, or the position itself where it does not match.
/// </summary>
internal sealed record PatternBranch(string Text, PatternMatcher Match);

internal delegate int PatternMatcher(ReadOnlySpan<byte> text, int start);

/// <summary>
/// The alternatives that the known split patterns are made of, matched as a backtracking regex engine would, but each in
/// one pass: none reads much further than it or its successors at that place consume, which keeps the whole linear.
/// </summary>
internal static class PatternBranches
{
    private const string ContractionText = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

    public static readonly PatternBranch[] LowerCaseContractions =
    [
        .. new[] { "'s", "'t", "'re", "'ve", "'m", "'ll", "'d" }.Select(literal => new PatternBranch(literal, Literal(literal))),
    ];

    public static readonly PatternBranch Contraction = new(ContractionText, MatchContraction);

    public static readonly PatternBranch SpacedLetters = new(@" ?\p{L}+", AfterSpace(RuneClasses.Letter));

    public static readonly PatternBranch SpacedNumbers = new(@" ?\p{N}+", AfterSpace(RuneClasses.Number));

    public static readonly PatternBranch SpacedSymbols = new(@" ?[^\s\p{L}\p{N}]+", AfterSpace(RuneClasses.Symbol));

    public static readonly PatternBranch SymbolsNewlines =
        new(@" ?[^\s\p{L}\p{N}]+[\r\n]*", Then(SpacedSymbols, RuneClasses.Newline));

    public static readonly PatternBranch SymbolsNewlinesSlashes =
        new(@" ?[^\s\p{L}\p{N}]+[\r\n/]*", Then(SpacedSymbols, RuneClasses.NewlineOrSlash));

    public static readonly PatternBranch PrefixedLetters = new(@"[^\r\n\p{L}\p{N}]?\p{L}+", AfterPrefix(MatchLetters));

    public static readonly PatternBranch LowerEnded =
        new(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+", AfterPrefix(MatchUppersLower));

    public static readonly PatternBranch UpperStarted =
        new(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*", AfterPrefix(MatchUpperLowers));

    public static readonly PatternBranch LowerEndedContracted = Contracted(LowerEnded);

    public static readonly PatternBranch UpperStartedContracted = Contracted(UpperStarted);

    public static readonly PatternBranch OneDigit = new(@"\p{N}", (text, start) => Step(text, start, RuneClasses.Number));

    public static readonly PatternBranch ThreeDigits = new(@"\p{N}{1,3}", MatchThreeDigits);

    public static readonly PatternBranch Newlines = new(@"\s*[\r\n]+", MatchNewlines);

    public static readonly PatternBranch SpacesBeforeLast = new(@"\s+(?!\S)", MatchSpacesBeforeLast);

    public static readonly PatternBranch Spaces = new(@"\s+", (text, start) => SkipAll(text, start, RuneClasses.WhiteSpace));

    private static PatternMatcher Literal(string literal)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(literal);
        return (text, start) => text[start..].StartsWith(bytes) ? start + bytes.Length : start;
    }

    private static PatternMatcher AfterSpace(RuneClasses classes) => (text, start) =>
    {
        var at = text[start] == ' ' ? start + 1 : start;
        var end = SkipAll(text, at, classes);
        return end > at ? end : start;
    };

    private static PatternMatcher Then(PatternBranch branch, RuneClasses classes) => (text, start) =>
    {
        var end = branch.Match(text, start);
        return end > start ? SkipAll(text, end, classes) : start;
    };

    /// <summary>Greedy first: with the prefix if that matches, else without. A mark is both a prefix and part of a word.</summary>
    private static PatternMatcher AfterPrefix(PatternMatcher word) => (text, start) =>
    {
        var at = Step(text, start, RuneClasses.WordPrefix);
        var end = at < text.Length ? word(text, at) : at;
        return end > at ? end : at > start ? word(text, start) : start;
    };

    private static PatternBranch Contracted(PatternBranch word) => new($"{word.Text}{ContractionText}?", (text, start) =>
    {
        var end = word.Match(text, start);
        return end > start && end < text.Length ? MatchContraction(text, end) : end;
    });

    private static int MatchLetters(ReadOnlySpan<byte> text, int start) => SkipAll(text, start, RuneClasses.Letter);

    /// <summary>
    /// Uppers* Lower+. Where no lower follows the uppers, the engine gives back uppers until it stands before one that
    /// is a lower too: the last such one ends the match, as what follows it is not.
    /// </summary>
    private static int MatchUppersLower(ReadOnlySpan<byte> text, int start)
    {
        var lastShared = start;
        var at = start;
        while (at < text.Length)
        {
            var classes = RuneClassifier.At(text, at, out var length);
            if (!classes.Has(RuneClasses.Upper))
            {
                break;
            }

            at += length;
            if (classes.Has(RuneClasses.Lower))
            {
                lastShared = at;
            }
        }

        var end = SkipAll(text, at, RuneClasses.Lower);
        return end > at ? end : lastShared;
    }

    private static int MatchUpperLowers(ReadOnlySpan<byte> text, int start)
    {
        var at = SkipAll(text, start, RuneClasses.Upper);
        return at > start ? SkipAll(text, at, RuneClasses.Lower) : start;
    }

    private static int MatchThreeDigits(ReadOnlySpan<byte> text, int start)
    {
        var end = Step(text, start, RuneClasses.Number);
        return Step(text, Step(text, end, RuneClasses.Number), RuneClasses.Number);
    }

    /// <summary>Ignoring case the Unicode way, U+017F (long s) is an s.</summary>
    private static int MatchContraction(ReadOnlySpan<byte> text, int start)
    {
        if (text[start] != '\'' || start + 1 == text.Length)
        {
            return start;
        }

        var rest = text[(start + 1)..];
        var next = rest.Length > 1 ? rest[1] | 0x20 : 0;
        return (rest[0] | 0x20, next) switch
        {
            ('s' or 't' or 'm' or 'd', _) => start + 2,
            ('r' or 'v', 'e') or ('l', 'l') => start + 3,
            _ => rest.StartsWith("ſ"u8) ? start + 1 + "ſ"u8.Length : start,
        };
    }

    /// <summary>The white space that ends in the last newline of a run of white space.</summary>
    private static int MatchNewlines(ReadOnlySpan<byte> text, int start)
    {
        var end = start;
        var at = start;
        while (at < text.Length)
        {
            var classes = RuneClassifier.At(text, at, out var length);
            if (!classes.Has(RuneClasses.WhiteSpace))
            {
                break;
            }

            at += length;
            if (classes.Has(RuneClasses.Newline))
            {
                end = at;
            }
        }

        return end;
    }

    /// <summary>A run of white space that ends the text, or all of a run but its last character.</summary>
    private static int MatchSpacesBeforeLast(ReadOnlySpan<byte> text, int start)
    {
        var last = start;
        var at = start;
        for (var next = Step(text, at, RuneClasses.WhiteSpace); next > at; next = Step(text, at, RuneClasses.WhiteSpace))
        {
            last = at;
            at = next;
        }

        return at == text.Length ? at : last;
    }

    private static int SkipAll(ReadOnlySpan<byte> text, int start, RuneClasses classes)
    {
        var at = start;
        for (var next = Step(text, at, classes); next > at; next = Step(text, at, classes))
        {
            at = next;
        }

        return at;
    }

    /// <summary>The position after the character there, if it is in one of the classes.</summary>
    private static int Step(ReadOnlySpan<byte> text, int at, RuneClasses classes) =>
        at < text.Length && RuneClassifier.At(text, at, out var length).Has(classes) ? at + length : at;
}
