namespace Pipeline.Text;

/// <summary>Python's ==, &lt; and in.</summary>
internal static class Comparison
{
    public static bool AreEqual(Value left, Value right)
    {
        switch (left, right)
        {
            case (TextValue a, TextValue b):
                return string.Equals(a.Text, b.Text, StringComparison.Ordinal);
            case (ListValue a, ListValue b):
                return a.Kind == b.Kind && SequenceEqual(a.Items, b.Items);
            case (DictValue a, DictValue b):
                return DictEqual(a, b);
            case (UndefinedValue, UndefinedValue):
                return true;
        }

        return !IsNaN(left) && !IsNaN(right) && (ReferenceEquals(left, right) || Numbers.Compare(left, right) == 0);
    }

    /// <summary>Negative, zero or positive, for numbers, texts (by code point) and lists of such; all else has no order.</summary>
    public static int Compare(Value left, Value right, string operation)
    {
        switch (left, right)
        {
            case (TextValue a, TextValue b):
                return CompareText(a.Text, b.Text);
            case (ListValue a, ListValue b) when a.Kind == b.Kind && a.Kind is ListKind.List or ListKind.Tuple:
                return CompareItems(a.Items, b.Items, operation);
        }

        if (Numbers.Compare(left, right) is { } order)
        {
            return order;
        }

        Operators.Defined(left);
        Operators.Defined(right);
        throw TemplateException.Runtime($"'{operation}' is not supported between '{left.TypeName}' and '{right.TypeName}'");
    }

    public static bool Contains(Value container, Value item)
    {
        switch (container)
        {
            case TextValue text when item is TextValue part:
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case TextValue:
                Operators.Defined(item);
                throw TemplateException.Runtime($"'in <string>' requires string as left operand, not {item.TypeName}");
            case DictValue dict:
                return dict.TryGet(item, out _);
            case ListValue list:
                return list.Take().Any(element => AreEqual(element, item));
            case UndefinedValue:
                return false;
            default:
                throw TemplateException.Runtime($"argument of type '{container.TypeName}' is not iterable");
        }
    }

    public static bool IsNaN(Value value) => value is FloatValue { Number: double.NaN };

    private static bool SequenceEqual(IReadOnlyList<Value> a, IReadOnlyList<Value> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (var i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool DictEqual(DictValue a, DictValue b)
    {
        if (a.Entries.Count != b.Entries.Count)
        {
            return false;
        }

        foreach (var (key, value) in a.Entries)
        {
            if (!b.TryGet(key, out var other) || !AreEqual(value, other))
            {
                return false;
            }
        }

        return true;
    }

    private static int CompareItems(IReadOnlyList<Value> a, IReadOnlyList<Value> b, string operation)
    {
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return Compare(a[i], b[i], operation);
            }
        }

        return a.Count.CompareTo(b.Count);
    }

    /// <summary>UTF-16 order differs from code-point order where one side has a surrogate and the other a character from U+E000.</summary>
    private static int CompareText(string a, string b)
    {
        var common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        var (x, y) = (a[common], b[common]);
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }
}
