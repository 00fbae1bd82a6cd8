namespace Pipeline.Text;

/// <summary>Functions that every template can call by name. Those of transformers need the rendering's options and lie in <see cref="ChatTemplate"/>.</summary>
internal static class Functions
{
    private static readonly NativeTable Table = new NativeTable()
        .Add("range", "start stop? step?", Range)
        .Add("dict", "*", call => new DictValue(Pairs(call)))
        .Add("namespace", "*", Namespace)
        .Add("raise_exception", "message", call => throw TemplateException.Raised(Printing.Str(call.Limits, call[0]!).Text))
        .Add("cycler", "*", _ => throw TemplateException.Unsupported("the function 'cycler'"))
        .Add("joiner", "*", _ => throw TemplateException.Unsupported("the function 'joiner'"))
        .Add("lipsum", "*", _ => throw TemplateException.Unsupported("the function 'lipsum'"));

    public static Value? Find(string name) => Table.Find(name) is { } native ? new NativeValue(native, NoneValue.Instance) : null;

    private static ListValue Range(NativeCall call)
    {
        var first = call[1] is null ? 0 : call.Integer(0, 0);
        var stop = call[1] is null ? call.Integer(0, 0) : call.Integer(1, 0);
        var step = call.Integer(2, 1);
        if (step == 0)
        {
            throw TemplateException.Runtime("range() with a step of zero");
        }

        var count = Math.Max(0, step > 0 ? ((long)stop - first + step - 1) / step : ((long)first - stop - step - 1) / -(long)step);
        if (count > TemplateLimits.RangeItems)
        {
            throw TemplateException.Limit($"range() of {count} items is more than the {TemplateLimits.RangeItems} allowed");
        }

        call.Limits.Charge(count * TemplateLimits.ObjectCost);
        return new([.. Enumerable.Range(0, (int)count).Select(i => Value.Of(first + ((long)i * step)))], ListKind.View);
    }

    private static NamespaceValue Namespace(NativeCall call)
    {
        var space = new NamespaceValue();
        foreach (var (key, value) in Pairs(call))
        {
            space.Attributes[key is TextValue name ? name.Text : throw call.Wrong(key, "names")] = value;
        }

        return space;
    }

    /// <summary>What dict() takes: a dict or pairs, then names with values.</summary>
    private static IEnumerable<KeyValuePair<Value, Value>> Pairs(NativeCall call)
    {
        var given = call.Raw.Positional switch
        {
            [] => [],
            [DictValue dict] => dict.Entries,
            [ListValue list] => call.Interpreter.Iterate(list).Select(pair => Pair(call, pair)),
            [var other, ..] => throw call.Wrong(other, "one dict or list of pairs"),
        };
        return given.Concat(call.Raw.Named.Select(pair => KeyValuePair.Create(Value.Of(MarkedText.Trusted(pair.Key)), pair.Value)));
    }

    private static KeyValuePair<Value, Value> Pair(NativeCall call, Value pair) =>
        call.Interpreter.Iterate(pair) is [var key, var value] ? new(key, value) : throw call.Wrong(pair, "pairs");
}
