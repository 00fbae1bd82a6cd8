namespace Pipeline.Text;

/// <summary>The variable <c>loop</c> of a running for.</summary>
internal sealed class LoopValue(IReadOnlyList<Value> items) : Value
{
    private static readonly Native Cycle = new("loop.cycle", "*", call =>
    {
        var values = call.Raw.Positional;
        return values.Count > 0
            ? values[((LoopValue)call.Self).Index % values.Count]
            : throw TemplateException.Runtime("no items for cycling given");
    });

    private static readonly Native Changed = new("loop.changed", "*", call => Of(((LoopValue)call.Self).IsChanged(call)));

    private ListValue? _lastChanged;

    public override string TypeName => "LoopContext";

    /// <summary>Zero-based.</summary>
    public int Index { get; set; }

    public Value? Attribute(string name) => name switch
    {
        "index" => Of(Index + 1),
        "index0" => Of(Index),
        "revindex" => Of(items.Count - Index),
        "revindex0" => Of(items.Count - Index - 1),
        "first" => Of(Index == 0),
        "last" => Of(Index == items.Count - 1),
        "length" => Of(items.Count),
        "depth" => Of(1),
        "depth0" => Of(0),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new NativeValue(Cycle, this),
        "changed" => new NativeValue(Changed, this),
        _ => null,
    };

    private bool IsChanged(NativeCall call)
    {
        var values = ListValue.Tuple(call.Raw.Positional);
        call.Limits.Charge(values.Weight);
        var changed = _lastChanged is null || !Comparison.AreEqual(_lastChanged, values);
        _lastChanged = values;
        return changed;
    }
}
