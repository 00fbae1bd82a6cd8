namespace Pipeline.Text;

/// <summary>Methods of Python's types that a template may call. What changes a list or dict is refused, as the immutable sandbox does.</summary>
internal static class Methods
{
    private static readonly NativeTable OfDict = new NativeTable()
        .Add("get", "key default?", call => ((DictValue)call.Self).TryGet(call[0]!, out var value) ? value : call[1] ?? NoneValue.Instance)
        .Add("items", "", call => View(call, entry => ListValue.Tuple(entry.Key, entry.Value)))
        .Add("keys", "", call => View(call, entry => entry.Key))
        .Add("values", "", call => View(call, entry => entry.Value))
        .Add("copy", "", call => call.Self);

    private static readonly NativeTable OfList = new NativeTable()
        .Add("count", "value", call => Value.Of(Search(call).Count(item => Comparison.AreEqual(item, call[0]!))))
        .Add("index", "value", Index)
        .Add("copy", "", call => call.Self);

    private static readonly NativeTable OfFloat = new NativeTable()
        .Add("is_integer", "", call => Value.Of(Math.Floor(((FloatValue)call.Self).Number) == ((FloatValue)call.Self).Number));

    private static readonly HashSet<string> Mutating = new(StringComparer.Ordinal)
    {
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
    };

    private static readonly HashSet<string> Unsupported = new(StringComparer.Ordinal)
    {
        "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "encode", "expandtabs", "format_map", "fromhex", "fromkeys",
        "hex", "imag", "isascii", "isidentifier", "isprintable", "istitle", "maketrans", "numerator", "real", "to_bytes", "translate",
    };

    /// <summary>The method of the value's type, or null if Python has none of that name either.</summary>
    public static Native? Find(Value value, string name)
    {
        var found = value switch
        {
            TextValue => TextMethods.Find(name),
            DictValue => OfDict.Find(name),
            ListValue { Kind: ListKind.List or ListKind.Tuple } => OfList.Find(name),
            FloatValue => OfFloat.Find(name),
            _ => null,
        };
        if (found is null && value is DictValue or ListValue { Kind: ListKind.List } && Mutating.Contains(name))
        {
            return new(name, "*", _ => throw TemplateException.Runtime($"'{name}' would change a {value.TypeName}, which templates may not"));
        }

        // A dict may well have a key of such a name.
        return found is null && value is not DictValue && Unsupported.Contains(name)
            ? throw TemplateException.Unsupported($"the method '{name}' of a {value.TypeName}")
            : found;
    }

    private static ListValue View(NativeCall call, Func<KeyValuePair<Value, Value>, Value> select)
    {
        var entries = ((DictValue)call.Self).Entries;
        call.Limits.Charge(entries.Count);
        return new([.. entries.Select(select)], ListKind.View);
    }

    private static IReadOnlyList<Value> Search(NativeCall call)
    {
        call.Limits.Charge(call[0] is ListValue or DictValue ? call.Self.Weight : 0);
        return call.Interpreter.Iterate(call.Self);
    }

    private static Value Index(NativeCall call)
    {
        var items = Search(call);
        for (var i = 0; i < items.Count; i++)
        {
            if (Comparison.AreEqual(items[i], call[0]!))
            {
                return Value.Of(i);
            }
        }

        throw TemplateException.Runtime("index: the value is not in the list");
    }
}
