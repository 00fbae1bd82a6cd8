namespace Pipeline.Text;

/// <summary>Names of one block; what is set here is gone at its end, what is not found here is looked up outside.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, Value> _names = new(StringComparer.Ordinal);

    /// <summary>Scopes around this one and itself: what a look-up may cost.</summary>
    public int Depth { get; } = outer is null ? 1 : outer.Depth + 1;

    private Scope? Outer { get; } = outer;

    public void Set(string name, Value value) => _names[name] = value;

    public Value? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._names.TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return null;
    }
}
