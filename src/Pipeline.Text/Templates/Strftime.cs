using System.Globalization;
using System.Text;

namespace Pipeline.Text;

/// <summary>Python's strftime in the C locale.</summary>
internal static class Strftime
{
    /// <summary>The moment as the format says; its own offset is the local time.</summary>
    public static string Format(DateTimeOffset moment, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            var unpadded = format[++i] == '-' && i + 1 < format.Length;
            i += unpadded ? 1 : 0;
            var directive = Directive(moment, format[i]);
            text.Append(unpadded && directive.Length > 1 ? directive.TrimStart('0', ' ').PadLeft(1, '0') : directive);
        }

        return text.ToString();
    }

    private static string Directive(DateTimeOffset moment, char directive)
    {
        string Net(string format) => moment.ToString(format, CultureInfo.InvariantCulture);
        return directive switch
        {
            'd' => Net("dd"),
            'e' => Net("%d").PadLeft(2),
            'm' => Net("MM"),
            'b' or 'h' => Net("MMM"),
            'B' => Net("MMMM"),
            'y' => Net("yy"),
            'Y' => Net("yyyy"),
            'a' => Net("ddd"),
            'A' => Net("dddd"),
            'H' => Net("HH"),
            'I' => Net("hh"),
            'M' => Net("mm"),
            'S' => Net("ss"),
            'f' => Net("ffffff"),
            'p' => Net("tt"),
            'j' => moment.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'u' => (moment.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)moment.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)moment.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'F' => Net("yyyy-MM-dd"),
            'T' or 'X' => Net("HH:mm:ss"),
            'R' => Net("HH:mm"),
            'D' or 'x' => Net("MM/dd/yy"),
            'c' => $"{Net("ddd MMM")} {Net("%d").PadLeft(2)} {Net("HH:mm:ss yyyy")}",
            'z' or 'Z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => throw TemplateException.Unsupported($"the date format '%{directive}'"),
        };
    }
}
