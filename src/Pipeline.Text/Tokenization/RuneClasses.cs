using System.Globalization;
using System.Text;

namespace Pipeline.Text;

/// <summary>The character classes of the split patterns; a character is in each whose bit it has.</summary>
[Flags]
internal enum RuneClasses : ushort
{
    None = 0,

    /// <summary><c>\p{L}</c></summary>
    Letter = 1,

    /// <summary><c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c>: what a capitalised stretch is made of.</summary>
    Upper = 2,

    /// <summary><c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c>: what a lower-case stretch is made of.</summary>
    Lower = 4,

    /// <summary><c>\p{N}</c></summary>
    Number = 8,

    /// <summary><c>\s</c></summary>
    WhiteSpace = 16,

    /// <summary><c>[\r\n]</c></summary>
    Newline = 32,

    /// <summary><c>[\r\n/]</c></summary>
    NewlineOrSlash = 64,

    /// <summary><c>[^\r\n\p{L}\p{N}]</c>: what may stand before a word.</summary>
    WordPrefix = 128,

    /// <summary><c>[^\s\p{L}\p{N}]</c></summary>
    Symbol = 256,
}

/// <summary>
/// Classifies whole code points, so that letters and digits beyond U+FFFF are what they are. The categories are the
/// runtime's (Unicode 16 in .NET 10); a letter that is newer than a reference's tables may be split otherwise there.
/// </summary>
internal static class RuneClassifier
{
    private static readonly RuneClasses[] OfAscii = [.. Enumerable.Range(0, 128).Select(value => Classify(new Rune(value)))];

    /// <summary>The classes of the character at a position of valid UTF-8, and its length in bytes.</summary>
    public static RuneClasses At(ReadOnlySpan<byte> text, int position, out int length)
    {
        var first = text[position];
        if (first < 128)
        {
            length = 1;
            return OfAscii[first];
        }

        Rune.DecodeFromUtf8(text[position..], out var rune, out length);
        return Classify(rune);
    }

    /// <summary>Whether the character is in any of the classes.</summary>
    public static bool Has(this RuneClasses character, RuneClasses classes) => (character & classes) != RuneClasses.None;

    private static RuneClasses Classify(Rune rune)
    {
        var classes = Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => RuneClasses.Letter | RuneClasses.Upper,
            UnicodeCategory.LowercaseLetter => RuneClasses.Letter | RuneClasses.Lower,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => RuneClasses.Letter | RuneClasses.Upper | RuneClasses.Lower,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                RuneClasses.Upper | RuneClasses.Lower,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => RuneClasses.Number,
            _ => Rune.IsWhiteSpace(rune) ? RuneClasses.WhiteSpace : RuneClasses.None,
        };
        var isNewline = rune.Value is '\r' or '\n';
        classes |= isNewline ? RuneClasses.Newline | RuneClasses.NewlineOrSlash : RuneClasses.None;
        classes |= rune.Value == '/' ? RuneClasses.NewlineOrSlash : RuneClasses.None;
        if (!classes.Has(RuneClasses.Letter | RuneClasses.Number))
        {
            classes |= isNewline ? RuneClasses.None : RuneClasses.WordPrefix;
            classes |= classes.Has(RuneClasses.WhiteSpace) ? RuneClasses.None : RuneClasses.Symbol;
        }

        return classes;
    }
}
