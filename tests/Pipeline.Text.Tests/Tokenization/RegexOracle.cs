using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Text.Tests.Tokenization;

/// <summary>
/// Splits with .NET's backtracking engine. It sees UTF-16 units, so each code point beyond U+FFFF stands in as a
/// character of the same category below it. It does not fold U+017F to s as the reference does: leave that out.
/// </summary>
internal sealed class RegexOracle(SplitPattern pattern)
{
    private readonly Regex _regex = MakeRegex(pattern);

    public static Regex MakeRegex(SplitPattern pattern) => new(pattern.Text, RegexOptions.CultureInvariant, TimeSpan.FromMinutes(1));

    public string[] Split(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        var standIns = string.Concat(runes.Select(StandIn));
        return [.. _regex.Matches(standIns).Select(match => string.Concat(runes[match.Index..(match.Index + match.Length)]))];
    }

    private static char StandIn(Rune rune) => rune.IsBmp
        ? (char)rune.Value
        : Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter => 'Ж',
            UnicodeCategory.LowercaseLetter => 'ж',
            UnicodeCategory.ModifierLetter => 'ʰ',
            UnicodeCategory.OtherLetter => '가',
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark => '\u0301',
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '½',
            _ => '★',
        };
}
