using System.Globalization;

namespace Pipeline.Text;

/// <summary>Python's view of a text: indexed by code point, with Python's idea of space and of what can be printed.</summary>
internal static class PythonText
{
    /// <summary>The escape of a code point, or null to keep it; <paramref name="unit"/> is its UTF-16 form.</summary>
    public delegate string? Escaper(int point, ReadOnlySpan<char> unit);

    /// <summary>str.isspace of one character: .NET's white space and the four information separators.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>The line ends of str.splitlines.</summary>
    public static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029';

    /// <summary>str.isprintable of one code point.</summary>
    public static bool IsPrintable(int point) => point == ' '
        || (point is < 0xd800 or > 0xdfff
            && CharUnicodeInfo.GetUnicodeCategory(point) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator));

    /// <summary>Code points; an unpaired surrogate counts as one.</summary>
    public static int Count(string text)
    {
        var count = 0;
        for (var i = 0; i < text.Length; i += UnitLength(text, i))
        {
            count++;
        }

        return count;
    }

    public static int UnitLength(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    /// <summary>Where each code point starts, and at the end the text's length: [code points + 1].</summary>
    public static int[] Starts(string text)
    {
        var starts = new int[Count(text) + 1];
        var at = 0;
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = at;
            at += at < text.Length ? UnitLength(text, at) : 0;
        }

        return starts;
    }

    /// <summary>Each code point as a text of its own, with its mark.</summary>
    public static List<Value> Characters(MarkedText text)
    {
        var characters = new List<Value>();
        for (var i = 0; i < text.Length; i += UnitLength(text.Text, i))
        {
            characters.Add(new TextValue(text.Slice(i, UnitLength(text.Text, i))));
        }

        return characters;
    }

    /// <summary>Copies a text with some code points replaced. A kept character keeps its mark, an escape gets that of what it stands for.</summary>
    public static void Escape(MarkedTextWriter writer, MarkedText text, Escaper escaper)
    {
        foreach (var run in text.Runs())
        {
            var kept = run.Start;
            var end = run.Start + run.Length;
            for (var i = run.Start; i < end;)
            {
                var length = Math.Min(UnitLength(text.Text, i), end - i);
                var point = length == 2 ? char.ConvertToUtf32(text.Text[i], text.Text[i + 1]) : text.Text[i];
                if (escaper(point, text.Text.AsSpan(i, length)) is { } escape)
                {
                    writer.Append(text.Text.AsSpan(kept, i - kept), run.Trusted).Append(escape, run.Trusted);
                    kept = i + length;
                }

                i += length;
            }

            writer.Append(text.Text.AsSpan(kept, end - kept), run.Trusted);
        }
    }
}
