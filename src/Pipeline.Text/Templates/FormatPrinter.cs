using System.Globalization;
using System.Numerics;

namespace Pipeline.Text;

/// <summary>Prints one value as a <see cref="FormatSpec"/> says.</summary>
internal static class FormatPrinter
{
    /// <summary>Decimals beyond this are all zero for every float.</summary>
    private const int MaxPrecision = 1100;

    public static void Write(MarkedTextWriter writer, TemplateLimits limits, FormatSpec spec, Value value)
    {
        if (spec.Precision > MaxPrecision)
        {
            throw TemplateException.Limit($"a precision above {MaxPrecision} in a format");
        }

        if (value is TextValue text)
        {
            if (spec.Type is not ('\0' or 's' or 'r'))
            {
                throw TemplateException.Runtime($"the format '{spec.Type}' needs a number, not a str");
            }

            WritePadded(writer, spec, MarkedText.Empty, Cut(text.Marked, spec.Precision), spec.Align == '\0' ? '<' : spec.Align);
            return;
        }

        var isPlain = spec.Type == '\0' && spec.Precision is null && !spec.Thousands;
        if (isPlain && !Numbers.TryDouble(value, out _))
        {
            WritePadded(writer, spec, MarkedText.Empty, Printing.Str(limits, value), spec.Align == '\0' ? '<' : spec.Align);
            return;
        }

        var digits = NumberText(spec, value);
        var negative = digits.StartsWith('-');
        var sign = negative ? "-" : spec.Sign is '+' or ' ' ? spec.Sign.ToString() : "";
        var body = negative ? digits[1..] : digits;
        WritePadded(writer, spec, MarkedText.Plain(sign), MarkedText.Plain(spec.Thousands ? Grouped(body) : body), spec.Align == '\0' ? '>' : spec.Align);
    }

    private static string NumberText(FormatSpec spec, Value value)
    {
        var culture = CultureInfo.InvariantCulture;
        var isInteger = Numbers.TryInteger(value, out var integer);
        var isNumber = Numbers.TryDouble(value, out var number);
        var precision = spec.Precision ?? 6;
        return spec.Type switch
        {
            'd' or 'i' or 'u' or '\0' when isInteger && spec.Precision is null => integer.ToString(culture),
            'x' when isInteger => Radix(integer, 16),
            'X' when isInteger => Radix(integer, 16).ToUpperInvariant(),
            'o' when isInteger => Radix(integer, 8),
            'b' when isInteger => Radix(integer, 2),
            'f' or 'F' when isNumber => Fixed(number, precision),
            'e' or 'E' when isNumber => Scientific(number, precision, spec.Type),
            '%' when isNumber => Fixed(number * 100, precision) + "%",
            '\0' when isNumber && spec.Precision is null => Numbers.Repr(number),
            _ => throw TemplateException.Runtime($"the format '{spec.Type}' does not fit a {value.TypeName}"),
        };
    }

    /// <summary>Decimals of the exact value, rounded half to even.</summary>
    private static string Fixed(double number, int precision)
    {
        if (!double.IsFinite(number))
        {
            return Numbers.Repr(number);
        }

        var text = Numbers.ScaledInteger(Math.Abs(number), precision).ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        var sign = double.IsNegative(number) ? "-" : "";
        return precision == 0 ? sign + text : $"{sign}{text[..^precision]}.{text[^precision..]}";
    }

    private static string Scientific(double number, int precision, char type)
    {
        if (!double.IsFinite(number))
        {
            return Numbers.Repr(number);
        }

        var parts = number.ToString("E" + precision, CultureInfo.InvariantCulture).Split('E');
        var exponent = int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return $"{parts[0]}{type}{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string Radix(BigInteger number, int radix)
    {
        var digits = new Stack<char>();
        for (var rest = BigInteger.Abs(number); !rest.IsZero || digits.Count == 0; rest /= radix)
        {
            digits.Push("0123456789abcdef"[(int)(rest % radix)]);
        }

        return (number.Sign < 0 ? "-" : "") + new string([.. digits]);
    }

    private static string Grouped(string digits)
    {
        var point = digits.IndexOf('.');
        var end = point < 0 ? digits.Length : point;
        for (var i = end - 3; i > 0; i -= 3)
        {
            digits = digits.Insert(i, ",");
        }

        return digits;
    }

    private static MarkedText Cut(MarkedText text, int? precision)
    {
        var starts = PythonText.Starts(text.Text);
        return precision is { } count && count < starts.Length - 1 ? text.Slice(0, starts[count]) : text;
    }

    private static void WritePadded(MarkedTextWriter writer, FormatSpec spec, MarkedText sign, MarkedText body, char align)
    {
        var missing = Math.Max(0, (long)spec.Width - sign.Length - PythonText.Count(body.Text));
        var fill = MarkedText.Plain(spec.Fill);
        var before = align switch { '>' => missing, '^' => missing / 2, _ => 0 };
        var inside = align == '=' ? missing : 0;
        writer.AppendRepeated(fill, before).Append(sign).AppendRepeated(fill, inside).Append(body)
            .AppendRepeated(fill, missing - before - inside);
    }
}
