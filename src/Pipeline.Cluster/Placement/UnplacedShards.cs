using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Placement;

/// <summary>Which shards no node serves, and why, from what this process knows.</summary>
internal static class UnplacedShards
{
    public static IReadOnlyList<UnplacedShard> Of(ShardMap map, ClusterView view)
    {
        var served = view.Nodes.SelectMany(node => node.Shards).ToHashSet();
        return [.. Enumerable.Range(0, map.Shards).Where(shard => !served.Contains(shard)).Select(shard => Explain(map, view, shard))];
    }

    private static UnplacedShard Explain(ShardMap map, ClusterView view, int shard)
    {
        if (!view.Nodes.Any(node => node.Roles.HasFlag(NodeRoles.Expert) && node.Phase != NodePhase.Unreachable))
        {
            var all = Enumerable.Range(0, map.Shards).Sum(map.Bytes);
            return new UnplacedShard(shard, map.Bytes(shard), all, $"there is no expert node; all shards together need {Gigabytes(all)}");
        }

        if (view.Nodes.FirstOrDefault(node => Array.IndexOf(node.Warming, shard) >= 0 && Array.IndexOf(node.Refused, shard) < 0) is { } node)
        {
            return new UnplacedShard(shard, map.Bytes(shard), 0, node.Problem ?? $"node {node.Node} is loading it");
        }

        if (view.Nodes.FirstOrDefault(node => Array.IndexOf(node.Refused, shard) >= 0) is { } refusing)
        {
            return new UnplacedShard(
                shard, map.Bytes(shard), map.Bytes(shard), $"node {refusing.Node} cannot load it{(refusing.Problem is { } problem ? $" ({problem})" : "")}, and no other has room");
        }

        return view.Placement?.Unplaced.FirstOrDefault(unplaced => unplaced.Shard == shard)
            ?? new UnplacedShard(shard, map.Bytes(shard), 0, "it is being placed");
    }

    public static string Gigabytes(long bytes) => bytes >= 100_000_000
        ? FormattableString.Invariant($"{bytes / 1e9:0.0} GB")
        : FormattableString.Invariant($"{bytes / 1e6:0.0} MB");
}
