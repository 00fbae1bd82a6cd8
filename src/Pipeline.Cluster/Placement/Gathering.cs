namespace Pipeline.Cluster.Placement;

/// <summary>
/// Decides when the first shards are placed: not before nodes that start together are there, or the first of them would load everything.
/// Plain data; once open it stays open.
/// </summary>
internal sealed class Gathering(int minimumExperts, TimeSpan settle, TimeSpan deadline)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private TimeSpan? _first;
    private TimeSpan _last;

    public bool IsOpen { get; private set; }

    /// <param name="nodes">The nodes that may hold shards now.</param>
    /// <param name="neededBytes">One copy of every shard.</param>
    /// <param name="placed">Whether any copy has a home already: another coordinator has opened then.</param>
    /// <param name="now">By a clock that never goes back.</param>
    public bool Look(IReadOnlyList<PlacementNode> nodes, long neededBytes, bool placed, TimeSpan now)
    {
        foreach (var node in nodes)
        {
            if (_seen.Add(node.Name))
            {
                _first ??= now;
                _last = now;
            }
        }

        IsOpen |= placed || (_first is { } first && (now - first >= deadline
            || (nodes.Count >= minimumExperts && nodes.Sum(node => node.MemoryBytes) >= neededBytes && now - _last >= settle)));
        return IsOpen;
    }
}
