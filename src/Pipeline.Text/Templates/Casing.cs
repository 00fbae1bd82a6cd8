using System.Globalization;

namespace Pipeline.Text;

/// <summary>
/// Upper, lower and title case by code point. A character keeps its mark. Some hundred rare letters whose upper case Python
/// writes with several characters (ligatures, Greek with iota) stay as they are, as in .NET.
/// </summary>
internal static class Casing
{
    public static TextValue Upper(TemplateLimits limits, MarkedText text) => Map(limits, text, (_, unit) => ToUpper(unit));

    public static TextValue Lower(TemplateLimits limits, MarkedText text) => Map(limits, text, (_, unit) => unit.ToLowerInvariant());

    public static TextValue Swap(TemplateLimits limits, MarkedText text) =>
        Map(limits, text, (_, unit) => unit.ToLowerInvariant() is var lower && lower != unit ? lower : ToUpper(unit));

    /// <summary>The first character in upper case, the rest in lower.</summary>
    public static TextValue Capitalize(TemplateLimits limits, MarkedText text) =>
        Map(limits, text, (at, unit) => at == 0 ? ToTitle(unit) : unit.ToLowerInvariant());

    /// <summary>str.title: a letter after what is no letter starts a word.</summary>
    public static TextValue Title(TemplateLimits limits, MarkedText text) =>
        Map(limits, text, (at, unit) => at > 0 && IsCased(text.Text[at - 1]) ? unit.ToLowerInvariant() : ToTitle(unit));

    /// <summary>Jinja's title filter: words start after blanks, hyphens and opening brackets, not after an apostrophe.</summary>
    public static TextValue TitleOfWords(TemplateLimits limits, MarkedText text) =>
        Map(limits, text, (at, unit) => at == 0 || IsWordBreak(text.Text[at - 1]) || IsWordBreak(text.Text[at]) ? ToUpper(unit) : unit.ToLowerInvariant());

    public static bool IsUpper(string text) => text.Any(char.IsUpper) && !text.Any(char.IsLower);

    public static bool IsLower(string text) => text.Any(char.IsLower) && !text.Any(char.IsUpper);

    private static bool IsWordBreak(char c) => c is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace(c);

    private static bool IsCased(char c) =>
        char.IsUpper(c) || char.IsLower(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) == UnicodeCategory.TitlecaseLetter;

    /// <summary>The sharp s is the one letter in common use whose upper case is longer.</summary>
    private static string ToUpper(string unit) => unit == "ß" ? "SS" : unit.ToUpperInvariant();

    private static string ToTitle(string unit) => unit == "ß" ? "Ss" : unit.ToUpperInvariant();

    private static TextValue Map(TemplateLimits limits, MarkedText text, Func<int, string, string> map)
    {
        var writer = new MarkedTextBuilder();
        limits.CheckLength(2L * text.Length);
        limits.Charge(text.Length);
        foreach (var run in text.Runs())
        {
            for (var i = run.Start; i < run.Start + run.Length;)
            {
                var length = PythonText.UnitLength(text.Text, i);
                writer.Append(map(i, text.Text.Substring(i, length)), run.Trusted);
                i += length;
            }
        }

        return new(writer.ToMarkedText());
    }
}
