using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Text;

/// <summary>Which of Python's sequences a <see cref="ListValue"/> stands for.</summary>
internal enum ListKind
{
    List,
    Tuple,

    /// <summary>What map, select and their like give in Jinja: always true, without a length, gone once iterated.</summary>
    Generator,

    /// <summary>A view of a dict (keys, values, items) or a range: has a length, no brackets of its own.</summary>
    View,
}

/// <summary>An ordered sequence of values.</summary>
internal class ListValue : Value
{
    private bool _spent;

    public ListValue(IReadOnlyList<Value> items, ListKind kind = ListKind.List)
    {
        Items = items;
        Kind = kind;
        (Depth, Weight) = ContainerSize.Of(items);
    }

    public IReadOnlyList<Value> Items { get; }

    public ListKind Kind { get; }

    public sealed override int Depth { get; }

    public sealed override long Weight { get; }

    public sealed override string TypeName => Kind switch
    {
        ListKind.List => "list",
        ListKind.Tuple => "tuple",
        ListKind.Generator => "generator",
        _ => "view",
    };

    public sealed override bool IsTrue => Kind == ListKind.Generator || Items.Count > 0;

    public static ListValue Tuple(params IReadOnlyList<Value> items) => new(items, ListKind.Tuple);

    /// <summary>The items for one iteration; a generator gives them once.</summary>
    public IReadOnlyList<Value> Take()
    {
        if (Kind != ListKind.Generator)
        {
            return Items;
        }

        var items = _spent ? [] : Items;
        _spent = true;
        return items;
    }
}

/// <summary>What groupby gives: a pair whose halves have names.</summary>
internal sealed class GroupValue(Value grouper, ListValue members) : ListValue([grouper, members], ListKind.Tuple)
{
    public Value? Attribute(string name) => name switch
    {
        "grouper" => Items[0],
        "list" => Items[1],
        _ => null,
    };
}

/// <summary>A mapping in insertion order; keys are what Python can hash.</summary>
internal sealed class DictValue : Value
{
    private readonly OrderedDictionary<Value, Value> _entries = new(KeyComparer.Instance);

    /// <summary>Later entries win over earlier ones with an equal key.</summary>
    public DictValue(IEnumerable<KeyValuePair<Value, Value>> entries)
    {
        foreach (var (key, value) in entries)
        {
            _entries[Hashable(key)] = value;
        }

        var (keyDepth, keyWeight) = ContainerSize.Of(_entries.Keys);
        var (depth, weight) = ContainerSize.Of(_entries.Values);
        Depth = Math.Max(keyDepth, depth);
        Weight = ContainerSize.CheckWeight(keyWeight + weight);
    }

    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => _entries;

    public override int Depth { get; }

    public override long Weight { get; }

    public override string TypeName => "dict";

    public override bool IsTrue => _entries.Count > 0;

    public bool TryGet(Value key, [NotNullWhen(true)] out Value? value) => _entries.TryGetValue(Hashable(key), out value);

    public bool TryGet(string key, [NotNullWhen(true)] out Value? value) =>
        _entries.TryGetValue(new TextValue(MarkedText.Plain(key)), out value);

    /// <summary>Whether Python could hash the value: lists and dicts change there.</summary>
    public static bool IsHashable(Value key) => key switch
    {
        ListValue { Kind: ListKind.Tuple } tuple => tuple.Items.All(IsHashable),
        ListValue or DictValue => false,
        _ => true,
    };

    /// <summary>The value itself if it can be a key.</summary>
    public static Value Hashable(Value key) =>
        IsHashable(key) ? key : throw TemplateException.Runtime($"unhashable type: '{key.TypeName}'");
}

/// <summary>Depth and weight of a container, refused where a walk over it would not be bounded.</summary>
internal static class ContainerSize
{
    public static (int Depth, long Weight) Of(IEnumerable<Value> items)
    {
        var depth = 0;
        var weight = 1L;
        foreach (var item in items)
        {
            depth = Math.Max(depth, item.Depth);
            weight += item.Weight;
        }

        if (depth >= TemplateLimits.ValueDepth)
        {
            throw TemplateException.Limit($"lists or dicts nested deeper than {TemplateLimits.ValueDepth}");
        }

        return (depth + 1, CheckWeight(weight));
    }

    public static long CheckWeight(long weight) => weight <= TemplateLimits.ValueWeight
        ? weight
        : throw TemplateException.Limit("a list or dict is larger than any chat template needs");
}

/// <summary>Python's equality of keys: 1, 1.0 and True are one key, texts are equal whoever wrote them.</summary>
internal sealed class KeyComparer : IEqualityComparer<Value>
{
    public static KeyComparer Instance { get; } = new();

    public bool Equals(Value? x, Value? y) => x is not null && y is not null && Comparison.AreEqual(x, y);

    public int GetHashCode(Value value)
    {
        switch (value)
        {
            case TextValue text:
                return string.GetHashCode(text.Text, StringComparison.Ordinal);
            case ListValue list:
                var hash = default(HashCode);
                foreach (var item in list.Items)
                {
                    hash.Add(GetHashCode(item));
                }

                return hash.ToHashCode();
            case NoneValue or UndefinedValue:
                return 0;
            default:
                return Numbers.TryDouble(value, out var number) ? number.GetHashCode() : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value);
        }
    }
}
