using System.Numerics;

namespace Pipeline.Text;

/// <summary>Python's slices of lists and texts.</summary>
internal static class Slicing
{
    public static Value Slice(TemplateLimits limits, Value value, Value? start, Value? stop, Value? step)
    {
        switch (value)
        {
            case TextValue text:
                limits.ChargeText(text.Marked.Length);
                return OfText(limits, text.Marked, start, stop, step);
            case ListValue { Kind: not ListKind.Generator } list:
                var indices = Indices(list.Items.Count, start, stop, step);
                limits.Charge(indices.Count);
                return new ListValue([.. indices.Select(index => list.Items[index])], list.Kind);
            default:
                Operators.Defined(value);
                throw TemplateException.Runtime($"a {value.TypeName} can't be sliced");
        }
    }

    private static TextValue OfText(TemplateLimits limits, MarkedText text, Value? start, Value? stop, Value? step)
    {
        var starts = PythonText.Starts(text.Text);
        var indices = Indices(starts.Length - 1, start, stop, step);
        if (indices.Count == 0)
        {
            return TextValue.Empty;
        }

        if (indices.Step == 1)
        {
            return new(text.Slice(starts[indices.First], starts[indices.First + indices.Count] - starts[indices.First]));
        }

        var writer = new MarkedTextWriter(limits);
        foreach (var index in indices)
        {
            writer.Append(text.Slice(starts[index], starts[index + 1] - starts[index]));
        }

        return writer.ToValue();
    }

    private static IndexRange Indices(int count, Value? start, Value? stop, Value? step)
    {
        var stride = Bound(step) ?? BigInteger.One;
        if (stride.IsZero)
        {
            throw TemplateException.Runtime("slice step cannot be zero");
        }

        var backward = stride.Sign < 0;
        var low = backward ? -1 : 0;
        var high = backward ? count - 1 : count;
        var first = Clamp(Bound(start), count, low, high) ?? (backward ? high : low);
        var last = Clamp(Bound(stop), count, low, high) ?? (backward ? low : high);
        var by = (int)BigInteger.Max(BigInteger.Min(stride, int.MaxValue), -int.MaxValue);
        var span = backward ? (long)first - last : (long)last - first;
        return new(first, (int)Math.Max(0, (span + Math.Abs((long)by) - 1) / Math.Abs((long)by)), by);
    }

    private static int? Clamp(BigInteger? bound, int count, int low, int high) => bound is not { } value
        ? null
        : (int)BigInteger.Max(low, BigInteger.Min(high, value.Sign < 0 ? value + count : value));

    private static BigInteger? Bound(Value? value)
    {
        if (value is null or NoneValue)
        {
            return null;
        }

        return Numbers.TryInteger(value, out var number)
            ? number
            : throw TemplateException.Runtime("slice indices must be integers or none");
    }

    /// <summary>First, First + Step, ...: Count indices.</summary>
    private readonly record struct IndexRange(int First, int Count, int Step)
    {
        public IEnumerable<int> Select() => Enumerable.Range(0, Count).Select(At);

        public IEnumerable<T> Select<T>(Func<int, T> selector) => Select().Select(selector);

        public IEnumerator<int> GetEnumerator() => Select().GetEnumerator();

        private int At(int ordinal) => First + (ordinal * Step);
    }
}
