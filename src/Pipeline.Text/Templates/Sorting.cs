namespace Pipeline.Text;

/// <summary>Python's sorted and Jinja's keys for it.</summary>
internal static class Sorting
{
    /// <summary>A stable sort; also when reversed, as Python's is.</summary>
    public static List<T> Stable<T>(IEnumerable<T> items, Func<T, Value> key, bool reverse)
    {
        var comparer = Comparer<Value>.Create((a, b) => Comparison.Compare(a, b, "<"));
        try
        {
            return reverse ? [.. items.OrderByDescending(key, comparer)] : [.. items.OrderBy(key, comparer)];
        }
        catch (InvalidOperationException wrapped) when (wrapped.InnerException is TemplateException cause)
        {
            throw TemplateException.Runtime(cause.Message);
        }
    }

    /// <summary>Jinja compares texts without case unless asked.</summary>
    public static Value IgnoreCase(TemplateLimits limits, Value value) =>
        value is TextValue text ? Casing.Lower(limits, text.Marked) : value;

    /// <summary>Reads <c>a.b.0</c> step by step, each as a key first; null reads the value itself.</summary>
    public static Func<Value, Value> Getter(NativeCall call, Value? attribute, Value? fallback = null)
    {
        switch (attribute)
        {
            case null or NoneValue:
                return value => value;
            case TextValue path:
                var parts = path.Text.Split('.').Select(Part).ToArray();
                return value => parts.Aggregate(value, (item, part) => Step(call.Limits, item, part, fallback));
            default:
                return value => Step(call.Limits, value, attribute, fallback);
        }
    }

    private static Value Part(string part) => part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit)
        ? Value.Of(int.Parse(part, System.Globalization.CultureInfo.InvariantCulture))
        : Value.Of(MarkedText.Trusted(part));

    private static Value Step(TemplateLimits limits, Value value, Value part, Value? fallback)
    {
        limits.Charge(1);
        var item = Members.Item(limits, value, part);
        return item is UndefinedValue && fallback is not null ? fallback : item;
    }
}
