namespace Pipeline.Text;

/// <summary>Jinja's operators on values.</summary>
internal static class Operators
{
    /// <summary>The value itself; an undefined one fails with its own message.</summary>
    public static Value Defined(Value value) =>
        value is UndefinedValue undefined ? throw TemplateException.Runtime(undefined.Message) : value;

    public static Value Binary(TemplateLimits limits, string operation, Value left, Value right)
    {
        Defined(left);
        Defined(right);
        return Numbers.Apply(operation, left, right) ?? OnSequences(limits, operation, left, right)
            ?? throw TemplateException.Runtime($"unsupported operand types for {operation}: '{left.TypeName}' and '{right.TypeName}'");
    }

    public static Value Negate(Value operand, string operation)
    {
        Defined(operand);
        var sign = operation == "-" ? -1 : 1;
        if (Numbers.TryInteger(operand, out var number))
        {
            return Value.Of(sign * number);
        }

        return operand is FloatValue real
            ? new FloatValue(sign * real.Number)
            : throw TemplateException.Runtime($"bad operand type for unary {operation}: '{operand.TypeName}'");
    }

    public static bool Compare(TemplateLimits limits, string operation, Value left, Value right)
    {
        // What is compared with a small value is walked no further than that.
        limits.Charge(Math.Min(left.Weight, right.Weight));
        switch (operation)
        {
            case "==":
                return Comparison.AreEqual(left, right);
            case "!=":
                return !Comparison.AreEqual(left, right);
            case "in":
                limits.Charge(SearchCost(right, left));
                return Comparison.Contains(right, left);
            case "not in":
                limits.Charge(SearchCost(right, left));
                return !Comparison.Contains(right, left);
        }

        if (Comparison.IsNaN(left) || Comparison.IsNaN(right))
        {
            return false;
        }

        var order = Comparison.Compare(left, right, operation);
        return operation switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    private static long SearchCost(Value container, Value item) => container switch
    {
        ListValue list => list.Items.Count + (item is ListValue or DictValue ? list.Weight : 0),
        TextValue => container.Weight,
        _ => 1,
    };

    private static Value? OnSequences(TemplateLimits limits, string operation, Value left, Value right) => (operation, left, right) switch
    {
        ("+", TextValue a, TextValue b) => new MarkedTextWriter(limits).Append(a.Marked).Append(b.Marked).ToValue(),
        ("+", ListValue { Kind: ListKind.List or ListKind.Tuple } a, ListValue b) when a.Kind == b.Kind => Join(limits, a, b),
        ("*", TextValue text, _) when Numbers.TryInteger(right, out var times) => Repeat(limits, text, times),
        ("*", _, TextValue text) when Numbers.TryInteger(left, out var times) => Repeat(limits, text, times),
        ("*", ListValue { Kind: ListKind.List or ListKind.Tuple } list, _) when Numbers.TryInteger(right, out var times) => Repeat(limits, list, times),
        ("*", _, ListValue { Kind: ListKind.List or ListKind.Tuple } list) when Numbers.TryInteger(left, out var times) => Repeat(limits, list, times),
        ("%", TextValue format, _) => PrintfFormat.Apply(limits, format.Marked, right),
        _ => null,
    };

    private static ListValue Join(TemplateLimits limits, ListValue a, ListValue b)
    {
        limits.Charge(a.Items.Count + b.Items.Count);
        return new([.. a.Items, .. b.Items], a.Kind);
    }

    private static Value Repeat(TemplateLimits limits, TextValue text, System.Numerics.BigInteger times)
    {
        var count = (long)System.Numerics.BigInteger.Min(System.Numerics.BigInteger.Max(times, 0), int.MaxValue);
        limits.CheckLength(count * text.Text.Length);
        limits.Charge(count);
        var writer = new MarkedTextWriter(limits);
        for (var i = 0L; i < count && text.IsTrue; i++)
        {
            writer.Append(text.Marked);
        }

        return writer.ToValue();
    }

    private static ListValue Repeat(TemplateLimits limits, ListValue list, System.Numerics.BigInteger times)
    {
        var count = (long)System.Numerics.BigInteger.Min(System.Numerics.BigInteger.Max(times, 0), int.MaxValue);
        limits.Charge(count * list.Items.Count);
        return list.Items.Count == 0 ? list : new([.. Enumerable.Repeat(list.Items, (int)count).SelectMany(items => items)], list.Kind);
    }
}
