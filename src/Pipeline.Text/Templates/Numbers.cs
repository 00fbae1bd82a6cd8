using System.Globalization;
using System.Numerics;

namespace Pipeline.Text;

/// <summary>Python's arithmetic on bool, int and float.</summary>
internal static class Numbers
{
    /// <summary>No float has digits that count further from the point.</summary>
    private const int MaxDecimals = 330;

    /// <summary>The value as an integer if it is one; a bool is 0 or 1.</summary>
    public static bool TryInteger(Value value, out BigInteger number)
    {
        number = value switch
        {
            IntegerValue integer => integer.Number,
            BooleanValue { IsTrue: true } => BigInteger.One,
            _ => BigInteger.Zero,
        };
        return value is IntegerValue or BooleanValue;
    }

    public static bool TryDouble(Value value, out double number)
    {
        if (value is FloatValue real)
        {
            number = real.Number;
            return true;
        }

        var isInteger = TryInteger(value, out var integer);
        number = (double)integer;
        return isInteger;
    }

    /// <summary>The order of two numbers by their exact values, NaN first; null if one is no number.</summary>
    public static int? Compare(Value left, Value right)
    {
        var (leftIsInteger, rightIsInteger) = (TryInteger(left, out var a), TryInteger(right, out var b));
        if (leftIsInteger && rightIsInteger)
        {
            return a.CompareTo(b);
        }

        if (!TryDouble(left, out var x) || !TryDouble(right, out var y))
        {
            return null;
        }

        return leftIsInteger && double.IsFinite(y) ? -CompareExact(y, a) : rightIsInteger && double.IsFinite(x) ? CompareExact(x, b) : x.CompareTo(y);
    }

    /// <summary>The value of an arithmetic operator on two numbers, or null if one is none.</summary>
    public static Value? Apply(string operation, Value left, Value right)
    {
        if (TryInteger(left, out var a) && TryInteger(right, out var b))
        {
            return OnIntegers(operation, a, b);
        }

        return TryDouble(left, out var x) && TryDouble(right, out var y) ? new FloatValue(OnFloats(operation, x, y)) : null;
    }

    public static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        var quotient = BigInteger.DivRem(a, b, out var remainder);
        return !remainder.IsZero && (remainder.Sign < 0) != (b.Sign < 0) ? quotient - 1 : quotient;
    }

    /// <summary>Rounds half to even at a decimal place, on the exact value of the float, as Python's round does.</summary>
    public static double Round(double number, int digits)
    {
        if (!double.IsFinite(number) || digits > MaxDecimals)
        {
            return number;
        }

        var places = Math.Max(digits, -MaxDecimals);
        var rounded = double.Parse($"{ScaledInteger(Math.Abs(number), places)}E{-places}", CultureInfo.InvariantCulture);
        return Math.CopySign(rounded, number);
    }

    /// <summary>The exact value of a positive float times ten to the power of <paramref name="places"/>, rounded half to even.</summary>
    public static BigInteger ScaledInteger(double number, int places)
    {
        var bits = BitConverter.DoubleToInt64Bits(number);
        var exponent = (int)(bits >> 52);
        var mantissa = exponent == 0 ? bits : (bits & ((1L << 52) - 1)) | (1L << 52);
        var shift = Math.Max(exponent, 1) - 1075;
        var numerator = new BigInteger(mantissa) * BigInteger.Pow(2, Math.Max(shift, 0)) * BigInteger.Pow(10, Math.Max(places, 0));
        return RoundedQuotient(numerator, BigInteger.Pow(2, Math.Max(-shift, 0)) * BigInteger.Pow(10, Math.Max(-places, 0)));
    }

    /// <summary>a / b to the nearest integer, half to even, for b above zero.</summary>
    public static BigInteger RoundedQuotient(BigInteger a, BigInteger b)
    {
        var quotient = FloorDivide(a, b);
        var twice = 2 * (a - (quotient * b));
        return twice > b || (twice == b && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    /// <summary>Python's repr of a float: the shortest digits that read back, an exponent below 1e-4 and from 1e16.</summary>
    public static string Repr(double number)
    {
        if (double.IsNaN(number))
        {
            return "nan";
        }

        if (double.IsInfinity(number))
        {
            return number > 0 ? "inf" : "-inf";
        }

        var scientific = number.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = number.ToString("R", CultureInfo.InvariantCulture);
        var exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var digits = Digits(shortest);
        var sign = double.IsNegative(number) ? "-" : "";
        if (number != 0 && (exponent < -4 || exponent >= 16))
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        var padded = digits.PadRight(exponent + 2, '0');
        return $"{sign}{padded[..(exponent + 1)]}.{padded[(exponent + 1)..]}";
    }

    private static int CompareExact(double number, BigInteger integer)
    {
        var floor = Math.Floor(number);
        var order = new BigInteger(floor).CompareTo(integer);
        return order == 0 && floor < number ? 1 : order;
    }

    private static string Digits(string shortest)
    {
        var mantissa = shortest.Split('E')[0].Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
        var trimmed = mantissa.TrimStart('0').TrimEnd('0');
        return trimmed.Length == 0 ? "0" : trimmed;
    }

    private static Value OnIntegers(string operation, BigInteger a, BigInteger b) => operation switch
    {
        "+" => new IntegerValue(a + b),
        "-" => new IntegerValue(a - b),
        "*" => new IntegerValue(a * b),
        "/" => new FloatValue((double)a / NotZero((double)b)),
        "//" => new IntegerValue(FloorDivide(a, NotZero(b))),
        "%" => new IntegerValue(a - (NotZero(b) * FloorDivide(a, b))),
        "**" => Power(a, b),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
    };

    private static double OnFloats(string operation, double x, double y) => operation switch
    {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / NotZero(y),
        "//" => Math.Floor((x - FloatModulo(x, NotZero(y))) / y),
        "%" => FloatModulo(x, NotZero(y)),
        "**" => Power(x, y),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, null),
    };

    private static double FloatModulo(double x, double y)
    {
        var remainder = x % y;
        if (remainder == 0)
        {
            return Math.CopySign(0, y);
        }

        return (remainder < 0) != (y < 0) ? remainder + y : remainder;
    }

    private static Value Power(BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
        {
            return new FloatValue(Power((double)a, (double)b));
        }

        if (BigInteger.Abs(a) <= 1)
        {
            return new IntegerValue(b.IsZero ? 1 : a.Sign < 0 && b.IsEven ? 1 : a);
        }

        return b <= TemplateLimits.IntegerBits
            ? new IntegerValue(BigInteger.Pow(a, (int)b))
            : throw TemplateException.Limit($"an integer to the power {b} is more than {TemplateLimits.IntegerBits} bits long");
    }

    private static double Power(double x, double y)
    {
        if (x == 0 && y < 0)
        {
            throw TemplateException.Runtime("0.0 cannot be raised to a negative power");
        }

        return x < 0 && double.IsFinite(y) && y != Math.Floor(y)
            ? throw TemplateException.Unsupported("a fractional power of a negative number")
            : Math.Pow(x, y);
    }

    private static T NotZero<T>(T number) where T : INumber<T> =>
        T.IsZero(number) ? throw TemplateException.Runtime("division by zero") : number;
}
