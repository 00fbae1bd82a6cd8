namespace Pipeline.Text;

/// <summary>Jinja's filters of lists, dicts and other iterables.</summary>
internal static class SequenceFilters
{
    public static NativeTable AddTo(NativeTable table) => table
        .Add("length count", "", Length)
        .Add("first", "", call => Items(call) is [var first, ..] ? first : new UndefinedValue("no first item, sequence was empty"))
        .Add("last", "", call => Items(call) is [.., var last] ? last : new UndefinedValue("no last item, sequence was empty"))
        .Add("list", "", call => new ListValue(Items(call)))
        .Add("join", "d? attribute?", Join)
        .Add("items", "", ItemPairs)
        .Add("reverse", "", Reverse)
        .Add("map", "*", Map)
        .Add("select", "*", call => Select(call, byAttribute: false, keep: true))
        .Add("reject", "*", call => Select(call, byAttribute: false, keep: false))
        .Add("selectattr", "*", call => Select(call, byAttribute: true, keep: true))
        .Add("rejectattr", "*", call => Select(call, byAttribute: true, keep: false))
        .Add("sort", "reverse? case_sensitive? attribute?", Sort)
        .Add("dictsort", "case_sensitive? by? reverse?", DictSort)
        .Add("unique", "case_sensitive? attribute?", Unique)
        .Add("min", "case_sensitive? attribute?", call => Extreme(call, sign: -1))
        .Add("max", "case_sensitive? attribute?", call => Extreme(call, sign: 1))
        .Add("sum", "attribute? start?", Sum)
        .Add("groupby", "attribute default? case_sensitive?", GroupBy)
        .Add("batch", "linecount fill_with?", Batch)
        .Add("slice", "slices fill_with?", Slices);

    private static IReadOnlyList<Value> Items(NativeCall call) => call.Interpreter.Iterate(call.Self);

    /// <summary>What map and select iterate: nothing at all where the value is false, so that none passes.</summary>
    private static IReadOnlyList<Value> ItemsIfTrue(NativeCall call) => call.Self.IsTrue ? Items(call) : [];

    private static Value Length(NativeCall call) => Value.Of(call.Self switch
    {
        TextValue text => PythonText.Count(text.Text),
        ListValue { Kind: not ListKind.Generator } list => list.Items.Count,
        DictValue dict => dict.Entries.Count,
        UndefinedValue => 0,
        _ => throw TemplateException.Runtime($"a {call.Self.TypeName} has no length"),
    });

    private static TextValue Join(NativeCall call)
    {
        var get = Sorting.Getter(call, call[1]);
        var separator = call[0] is null ? MarkedText.Empty : Printing.Str(call.Limits, call[0]!);
        var writer = call.Writer();
        var between = MarkedText.Empty;
        foreach (var item in Items(call))
        {
            writer.Append(between).Append(Printing.Str(call.Limits, get(item)));
            between = separator;
        }

        return writer.ToValue();
    }

    private static ListValue ItemPairs(NativeCall call)
    {
        var entries = call.Self switch
        {
            DictValue dict => dict.Entries,
            UndefinedValue => [],
            _ => throw TemplateException.Runtime("can only get item pairs from a mapping"),
        };
        call.Limits.Charge(entries.Count);
        return Generator(entries.Select(entry => ListValue.Tuple(entry.Key, entry.Value)));
    }

    private static Value Reverse(NativeCall call)
    {
        var reversed = Items(call).Reverse();
        if (call.Self is not TextValue)
        {
            return Generator(reversed);
        }

        var writer = call.Writer();
        foreach (var item in reversed)
        {
            writer.Append(((TextValue)item).Marked);
        }

        return writer.ToValue();
    }

    private static ListValue Map(NativeCall call)
    {
        if (call.Raw.Positional.Count == 0 && call.Raw.Find("attribute") is { } attribute)
        {
            return Generator(ItemsIfTrue(call).Select(Sorting.Getter(call, attribute, call.Raw.Find("default"))));
        }

        var name = NameAt(call, 0, "the name of a filter");
        var rest = call.Raw.Skip(1);
        return Generator(ItemsIfTrue(call).Select(item => call.Interpreter.ApplyFilter(name, item, rest)));
    }

    private static ListValue Select(NativeCall call, bool byAttribute, bool keep)
    {
        if (byAttribute && call.Raw.Positional.Count == 0)
        {
            throw TemplateException.Runtime("the name of the attribute is missing");
        }

        var get = Sorting.Getter(call, byAttribute ? call.Raw.Positional[0] : null);
        var testAt = byAttribute ? 1 : 0;
        Func<Value, bool> test = value => value.IsTrue;
        if (call.Raw.Positional.Count > testAt)
        {
            var name = NameAt(call, testAt, "the name of a test");
            var rest = call.Raw.Skip(testAt + 1);
            test = value => call.Interpreter.ApplyTest(name, value, rest);
        }

        return Generator(ItemsIfTrue(call).Where(item => test(get(item)) == keep));
    }

    private static string NameAt(NativeCall call, int index, string what) =>
        call.Raw.Positional.ElementAtOrDefault(index) is TextValue name ? name.Text : throw TemplateException.Runtime($"{what} is missing");

    private static Func<Value, Value> Key(NativeCall call, Value? attribute, bool caseSensitive)
    {
        var get = Sorting.Getter(call, attribute);
        return caseSensitive ? get : value => Sorting.IgnoreCase(call.Limits, get(value));
    }

    private static ListValue Sort(NativeCall call)
    {
        // "a,b" sorts by a, then by b.
        var keys = call[2] is TextValue several
            ? several.Text.Split(',').Select(name => Key(call, Value.Of(MarkedText.Trusted(name)), call.Flag(1))).ToArray()
            : [Key(call, call[2], call.Flag(1))];
        return Sorted(call, Items(call), item => ListValue.Tuple([.. keys.Select(key => key(item))]), call.Flag(0));
    }

    private static ListValue DictSort(NativeCall call)
    {
        var dict = call.Self as DictValue ?? throw call.Wrong(call.Self, "a dict");
        var by = call[1] is null ? "key" : call.Text(1).Text;
        var key = by switch
        {
            "key" => Key(call, Value.Of(0), call.Flag(0)),
            "value" => Key(call, Value.Of(1), call.Flag(0)),
            _ => throw TemplateException.Runtime("dictsort sorts by key or value"),
        };
        return Sorted(call, [.. dict.Entries.Select(entry => ListValue.Tuple(entry.Key, entry.Value))], key, call.Flag(2));
    }

    private static ListValue Sorted(NativeCall call, IReadOnlyList<Value> items, Func<Value, Value> key, bool reverse)
    {
        // Keys are compared about log2(n) times, each time at most as far as they reach.
        var rounds = (long)Math.ILogB(items.Count + 1) + 1;
        call.Limits.Charge(rounds * items.Count);
        return new(Sorting.Stable(items, item => Charged(call, key(item), rounds), reverse));
    }

    private static Value Charged(NativeCall call, Value key, long times)
    {
        call.Limits.Charge(times * key.Weight);
        return key;
    }

    private static ListValue Unique(NativeCall call)
    {
        var key = Key(call, call[1], call.Flag(0));
        var seen = new HashSet<Value>(KeyComparer.Instance);
        return Generator(Items(call).Where(item => seen.Add(DictValue.Hashable(Charged(call, key(item), 1)))));
    }

    private static Value Extreme(NativeCall call, int sign)
    {
        var key = Key(call, call[1], call.Flag(0));
        Value? best = null;
        foreach (var item in Items(call))
        {
            if (best is null || Math.Sign(Comparison.Compare(Charged(call, key(item), 1), key(best), "<")) == sign)
            {
                best = item;
            }
        }

        return best ?? new UndefinedValue("no aggregated item, sequence was empty");
    }

    private static Value Sum(NativeCall call)
    {
        var get = Sorting.Getter(call, call[0]);
        var sum = call[1] ?? Value.Of(0);
        foreach (var item in Items(call))
        {
            sum = sum is TextValue
                ? throw TemplateException.Runtime("sum() can't sum strings")
                : Operators.Binary(call.Limits, "+", sum, get(item));
        }

        return sum;
    }

    private static ListValue GroupBy(NativeCall call)
    {
        var get = Sorting.Getter(call, call[0], call[1]);
        Value Group(Value value) => call.Flag(2) ? get(value) : Sorting.IgnoreCase(call.Limits, get(value));
        var groups = new List<Value>();
        var members = new List<Value>();
        foreach (var item in Sorted(call, Items(call), Group, reverse: false).Items)
        {
            if (members.Count > 0 && !Comparison.AreEqual(Group(members[0]), Group(item)))
            {
                groups.Add(new GroupValue(get(members[0]), new(members)));
                members = [];
            }

            members.Add(item);
        }

        if (members.Count > 0)
        {
            groups.Add(new GroupValue(get(members[0]), new(members)));
        }

        return new(groups);
    }

    private static ListValue Batch(NativeCall call)
    {
        var size = call.Integer(0, 1);
        if (size < 1)
        {
            throw TemplateException.Runtime("batch: the size must be above zero");
        }

        var batches = Items(call).Chunk(size).Select(batch => batch.ToList()).ToList();
        if (batches.Count > 0 && call[1] is { } fill and not NoneValue)
        {
            call.Limits.Charge(size);
            batches[^1].AddRange(Enumerable.Repeat(fill, size - batches[^1].Count));
        }

        return Generator(batches.Select(batch => new ListValue(batch)));
    }

    private static ListValue Slices(NativeCall call)
    {
        var items = Items(call);
        var count = call.Integer(0, 1);
        if (count < 1)
        {
            throw TemplateException.Runtime("slice: the number of slices must be above zero");
        }

        call.Limits.Charge(count);
        var slices = new List<Value>();
        var start = 0;
        for (var i = 0; i < count; i++)
        {
            var size = (items.Count / count) + (i < items.Count % count ? 1 : 0);
            IEnumerable<Value> fill = call[1] is { } value and not NoneValue && i >= items.Count % count ? [value] : [];
            slices.Add(new ListValue([.. items.Skip(start).Take(size), .. fill]));
            start += size;
        }

        return Generator(slices);
    }

    private static ListValue Generator(IEnumerable<Value> items) => new([.. items], ListKind.Generator);
}
