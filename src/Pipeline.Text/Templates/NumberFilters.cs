using System.Globalization;
using System.Numerics;

namespace Pipeline.Text;

/// <summary>The filters int, float and round.</summary>
internal static class NumberFilters
{
    /// <summary>Python's int(), then int(float()), then the default.</summary>
    public static Value ToInteger(NativeCall call)
    {
        var fallback = call[0] ?? Value.Of(0);
        switch (call.Self)
        {
            case TextValue text:
                if (TryParse(text.Text, call.Integer(1, 10)) is { } parsed)
                {
                    return Value.Of(parsed);
                }

                return TryParseFloat(text.Text) is { } parsedReal ? Truncated(parsedReal, fallback) : fallback;
            case FloatValue real:
                return Truncated(real.Number, fallback);
            case UndefinedValue undefined:
                throw TemplateException.Runtime(undefined.Message);
            default:
                return Numbers.TryInteger(call.Self, out var number) ? Value.Of(number) : fallback;
        }
    }

    public static Value ToFloat(NativeCall call) => call.Self switch
    {
        TextValue text => TryParseFloat(text.Text) is { } real ? new FloatValue(real) : call[0] ?? new FloatValue(0),
        UndefinedValue undefined => throw TemplateException.Runtime(undefined.Message),
        _ => Numbers.TryDouble(call.Self, out var number) ? new FloatValue(number) : call[0] ?? new FloatValue(0),
    };

    public static Value Round(NativeCall call)
    {
        var digits = call.Integer(0, 0);
        var method = call[1] is null ? "common" : call.Text(1).Text;
        if (!Numbers.TryDouble(Operators.Defined(call.Self), out var number))
        {
            throw call.Wrong(call.Self, "a number");
        }

        var scale = Math.Pow(10, digits);
        return method switch
        {
            "common" when Numbers.TryInteger(call.Self, out var integer) => Value.Of(RoundInteger(integer, digits)),
            "common" => new FloatValue(Numbers.Round(number, digits)),
            "ceil" => new FloatValue(Math.Ceiling(number * scale) / scale),
            "floor" => new FloatValue(Math.Floor(number * scale) / scale),
            _ => throw TemplateException.Runtime("round: method must be common, ceil or floor"),
        };
    }

    private static BigInteger RoundInteger(BigInteger number, int digits)
    {
        if (digits >= 0)
        {
            return number;
        }

        var unit = BigInteger.Pow(10, Math.Min(-digits, TemplateLimits.IntegerBits));
        return Numbers.RoundedQuotient(number, unit) * unit;
    }

    private static Value Truncated(double number, Value fallback) =>
        double.IsFinite(number) ? Value.Of(new BigInteger(number)) : fallback;

    private static BigInteger? TryParse(string text, int radix)
    {
        var trimmed = Trimmed(text);
        if (trimmed.Length > TemplateLimits.IntegerBits)
        {
            throw TemplateException.Limit($"an integer of {trimmed.Length} digits is too long");
        }

        return radix == 10
            ? BigInteger.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null
            : ParseRadix(trimmed, radix);
    }

    private static BigInteger? ParseRadix(string text, int radix)
    {
        if (radix is < 2 or > 36)
        {
            throw TemplateException.Runtime("int: base must be from 2 to 36");
        }

        var negative = text.StartsWith('-');
        var digits = text.AsSpan(text.Length > 0 && text[0] is '+' or '-' ? 1 : 0);
        var prefix = radix switch { 2 => "0b", 8 => "0o", 16 => "0x", _ => null };
        if (prefix is not null && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        {
            digits = digits[2..];
        }

        var value = BigInteger.Zero;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : radix;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return digits.IsEmpty ? null : negative ? -value : value;
    }

    private static double? TryParseFloat(string text)
    {
        var trimmed = Trimmed(text);
        var unsigned = trimmed.TrimStart('+', '-').ToLowerInvariant();
        double? special = unsigned switch
        {
            "inf" or "infinity" => double.PositiveInfinity,
            "nan" => double.NaN,
            _ => null,
        };
        if (special is not null && trimmed.Length - unsigned.Length <= 1)
        {
            return trimmed.StartsWith('-') ? -special : special;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return unsigned.Length > 0 && (char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.')
            && double.TryParse(trimmed, Style, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Python allows blanks around a number, and single underscores between its digits.</summary>
    private static string Trimmed(string text)
    {
        var trimmed = TextMethods.Trim(MarkedText.Plain(text), null, start: true, end: true).Text;
        for (var i = 1; i < trimmed.Length - 1; i++)
        {
            if (trimmed[i] == '_' && !(char.IsAsciiDigit(trimmed[i - 1]) && char.IsAsciiDigit(trimmed[i + 1])))
            {
                return trimmed;
            }
        }

        return trimmed.StartsWith('_') || trimmed.EndsWith('_') ? trimmed : trimmed.Replace("_", "", StringComparison.Ordinal);
    }
}
