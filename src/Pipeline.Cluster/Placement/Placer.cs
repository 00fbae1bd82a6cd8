using System.Collections.Frozen;

namespace Pipeline.Cluster.Placement;

/// <summary>A node that may hold shards.</summary>
/// <param name="Leaving">It keeps what no other node has room for, and gets nothing more.</param>
/// <param name="Reachable">One that is not keeps what it has, as it may come back, and gets nothing more.</param>
/// <param name="Warm">Shards that it has in memory and serves.</param>
internal sealed record PlacementNode(string Name, long MemoryBytes, bool Leaving, bool Reachable, IReadOnlySet<int> Warm)
{
    /// <summary>Shards that it cannot load: they are no more placed here, nor kept.</summary>
    public IReadOnlySet<int> Refused { get; init; } = FrozenSet<int>.Empty;
}

/// <summary>Where the copies of all shards are to be.</summary>
/// <param name="Homes">The node of every copy that has a place.</param>
/// <param name="Moves">Copies that are on another node now: they move when their new home has them warm.</param>
/// <param name="Evicted">Copies that give up their place: to a shard that has no other copy, or because fewer copies are wanted than there are. Said again until they have.</param>
/// <param name="Unplaced">Wanted copies without a place, those of <paramref name="Evicted"/> included.</param>
/// <param name="MissingBytes">Of the shards that have no copy at all: memory that further nodes have to offer; 0 where each has one.</param>
internal sealed record PlacementResult(
    IReadOnlyDictionary<ShardCopy, string> Homes,
    IReadOnlyList<ShardCopy> Moves,
    IReadOnlyList<ShardCopy> Evicted,
    IReadOnlyList<ShardCopy> Unplaced,
    long MissingBytes);

/// <summary>
/// Decides which node is home of which copy. Plain data, no clock: equal arguments give equal results. Capacities are never exceeded; copies of a shard
/// lie on different nodes; a shard without any copy comes before second copies; what is placed stays, until moving it makes
/// the fuller of the two nodes less full than it was: shares then are in proportion to memory, and nothing moves back.
/// </summary>
internal static class Placer
{
    /// <param name="shardBytes">Weights of each shard.</param>
    /// <param name="replicas">Copies wanted of each shard.</param>
    /// <param name="nodes">Names are unique.</param>
    /// <param name="current">Where copies are now; homes that are not among the nodes count as lost.</param>
    /// <param name="decided">Where copies that are nowhere yet were to be, by an earlier decision that nodes act upon: they go there if it still is possible.</param>
    public static PlacementResult Place(
        IReadOnlyList<long> shardBytes,
        int replicas,
        IReadOnlyList<PlacementNode> nodes,
        IReadOnlyDictionary<ShardCopy, string> current,
        IReadOnlyDictionary<ShardCopy, string>? decided = null)
    {
        var seating = new Seating(shardBytes, nodes, decided);
        var stuck = new List<ShardCopy>();
        var evicted = new List<ShardCopy>();
        foreach (var copy in seating.Keep(AllCopies(shardBytes.Count, replicas), current))
        {
            if (!seating.TrySeat(copy) && !seating.TryEvictFor(copy, evicted))
            {
                stuck.Add(copy);
            }
        }

        stuck.AddRange(evicted);
        do
        {
            seating.Balance(current);
        }
        while (stuck.RemoveAll(seating.TrySeat) > 0);

        var unplaced = stuck.FindAll(copy => !seating.TryStay(copy, current));
        var homes = seating.Homes();
        var names = nodes.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        var reachable = nodes.Where(node => node.Reachable).ToDictionary(node => node.Name, StringComparer.Ordinal);
        var homeless = current
            .Where(entry => !homes.ContainsKey(entry.Key) && reachable.TryGetValue(entry.Value, out var node)
                && (entry.Key.Replica >= replicas || !node.Refused.Contains(entry.Key.Shard)))
            .Select(entry => entry.Key);
        return new PlacementResult(
            homes,
            [.. homes.Where(home => current.TryGetValue(home.Key, out var now) && now != home.Value && names.Contains(now)).Select(home => home.Key)],
            [.. homeless.Order(ShardCopy.Order)],
            unplaced,
            seating.Missing(unplaced));
    }

    private static IEnumerable<ShardCopy> AllCopies(int shards, int replicas) =>
        Enumerable.Range(0, replicas).SelectMany(replica => Enumerable.Range(0, shards).Select(shard => new ShardCopy(shard, replica)));
}
