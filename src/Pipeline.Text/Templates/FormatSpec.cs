using System.Globalization;

namespace Pipeline.Text;

/// <summary>How one value is to be printed: what <c>%-5.2f</c> and <c>{:>5}</c> have in common.</summary>
/// <param name="Name">The name in <c>%(name)s</c>.</param>
/// <param name="Align"><c>&lt;</c>, <c>&gt;</c>, <c>^</c>, <c>=</c>, or <c>\0</c> for the type's own.</param>
/// <param name="Sign"><c>+</c>, blank, or <c>-</c> for negative numbers only.</param>
/// <param name="Type"><c>\0</c> for the value's own.</param>
internal readonly record struct FormatSpec(string? Name, string Fill, char Align, char Sign, int Width, bool Thousands, int? Precision, char Type)
{
    /// <summary>Reads what follows a percent sign; <paramref name="end"/> is behind the type.</summary>
    public static FormatSpec ReadPrintf(string text, int at, out int end)
    {
        string? name = null;
        if (at < text.Length && text[at] == '(')
        {
            var close = text.IndexOf(')', at);
            name = close > 0 ? text[(at + 1)..close] : throw TemplateException.Runtime("incomplete format key");
            at = close + 1;
        }

        var flags = at;
        while (at < text.Length && text[at] is '-' or '+' or ' ' or '0')
        {
            at++;
        }

        var set = text[flags..at];
        var width = ReadNumber(text, ref at) ?? 0;
        int? precision = null;
        if (at < text.Length && text[at] == '.')
        {
            at++;
            precision = ReadNumber(text, ref at) ?? 0;
        }

        if (at >= text.Length)
        {
            throw TemplateException.Runtime("incomplete format");
        }

        end = at + 1;
        var left = set.Contains('-', StringComparison.Ordinal);
        var zeros = set.Contains('0', StringComparison.Ordinal) && !left && text[at] is not ('s' or 'r');
        var sign = set.Contains('+', StringComparison.Ordinal) ? '+' : set.Contains(' ', StringComparison.Ordinal) ? ' ' : '-';
        return text[at] is 's' or 'r' or 'd' or 'i' or 'u' or 'f' or 'F' or 'e' or 'E' or 'x' or 'X' or 'o' or '%'
            ? new(name, zeros ? "0" : " ", left ? '<' : zeros ? '=' : '>', sign, width, Thousands: false, precision, text[at])
            : throw TemplateException.Unsupported($"the format '%{text[at]}'");
    }

    /// <summary>Reads Python's format specification: <c>[[fill]align][sign][0][width][,][.precision][type]</c>.</summary>
    public static FormatSpec Read(string text)
    {
        var at = 0;
        var fill = " ";
        var align = '\0';
        var unit = text.Length > 0 ? PythonText.UnitLength(text, 0) : 0;
        if (text.Length > unit && text[unit] is '<' or '>' or '^' or '=')
        {
            fill = text[..unit];
            align = text[unit];
            at = unit + 1;
        }
        else if (text.Length > 0 && text[0] is '<' or '>' or '^' or '=')
        {
            align = text[at++];
        }

        var sign = at < text.Length && text[at] is '+' or '-' or ' ' ? text[at++] : '-';
        if (at < text.Length && text[at] == '0')
        {
            at++;
            (fill, align) = align == '\0' ? ("0", '=') : (fill, align);
        }

        var width = ReadNumber(text, ref at) ?? 0;
        var thousands = at < text.Length && text[at] == ',';
        at += thousands ? 1 : 0;
        int? precision = null;
        if (at < text.Length && text[at] == '.')
        {
            at++;
            precision = ReadNumber(text, ref at) ?? throw TemplateException.Runtime("format specifier misses its precision");
        }

        var type = at < text.Length ? text[at++] : '\0';
        return at == text.Length && type is '\0' or 's' or 'd' or 'f' or 'F' or 'e' or 'E' or 'x' or 'X' or 'o' or 'b' or '%'
            ? new(null, fill, align, sign, width, thousands, precision, type)
            : throw TemplateException.Unsupported($"the format specification '{text}'");
    }

    private static int? ReadNumber(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        if (at == start)
        {
            return null;
        }

        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw TemplateException.Limit("a number in a format is too large");
    }
}
