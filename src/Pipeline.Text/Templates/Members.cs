namespace Pipeline.Text;

/// <summary>Jinja's access to attributes and items: each falls back to the other, and what is missing is undefined.</summary>
internal static class Members
{
    /// <summary><c>value.name</c></summary>
    public static Value Attribute(Value value, string name)
    {
        Operators.Defined(value);
        return Own(value, name) ?? (value is DictValue dict && dict.TryGet(name, out var item) ? item : null) ?? Missing(value, $"attribute '{name}'");
    }

    /// <summary><c>value[key]</c></summary>
    public static Value Item(TemplateLimits limits, Value value, Value key)
    {
        Operators.Defined(value);
        var item = value switch
        {
            DictValue dict when DictValue.IsHashable(key) && dict.TryGet(key, out var found) => found,
            ListValue { Kind: not ListKind.Generator } list when Numbers.TryInteger(key, out var index) => At(list, index),
            TextValue text when Numbers.TryInteger(key, out var index) => At(limits, text, index),
            _ => null,
        };
        return item ?? (key is TextValue name ? Own(value, name.Text) : null) ?? Missing(value, "such element");
    }

    private static UndefinedValue Missing(Value value, string what) => new($"'{value.TypeName}' object has no {what}");

    private static Value? Own(Value value, string name)
    {
        if (name.StartsWith('_'))
        {
            // Jinja's sandbox hides them all; a dict's key of that name can still be had.
            return null;
        }

        return value switch
        {
            NamespaceValue space => space.Attributes.GetValueOrDefault(name),
            LoopValue loop => loop.Attribute(name),
            GroupValue group when group.Attribute(name) is { } part => part,
            Macro macro when name == "name" => Value.Of(MarkedText.Trusted(macro.Name)),
            _ => Methods.Find(value, name) is { } method ? new NativeValue(method, value) : null,
        };
    }

    private static Value? At(ListValue list, System.Numerics.BigInteger index)
    {
        var position = index.Sign < 0 ? index + list.Items.Count : index;
        return position.Sign >= 0 && position < list.Items.Count ? list.Items[(int)position] : null;
    }

    private static TextValue? At(TemplateLimits limits, TextValue text, System.Numerics.BigInteger index)
    {
        limits.ChargeText(text.Marked.Length);
        var starts = PythonText.Starts(text.Text);
        var position = index.Sign < 0 ? index + starts.Length - 1 : index;
        return position.Sign >= 0 && position < starts.Length - 1
            ? new(text.Marked.Slice(starts[(int)position], starts[(int)position + 1] - starts[(int)position]))
            : null;
    }
}
