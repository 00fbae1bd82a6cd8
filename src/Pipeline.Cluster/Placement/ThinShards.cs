using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Placement;

/// <summary>Which shards fewer nodes serve than are to, from what this process knows; those that nobody serves are <see cref="UnplacedShards"/>.</summary>
internal static class ThinShards
{
    /// <param name="replicas">Copies wanted of each shard.</param>
    public static IEnumerable<ThinShard> Of(ShardMap map, int replicas, ClusterView view)
    {
        var copies = view.Nodes.Where(node => node.Phase != NodePhase.Unreachable).SelectMany(node => node.Shards).CountBy(shard => shard).ToDictionary();
        return Enumerable.Range(0, map.Shards)
            .Select(shard => new ThinShard(shard, copies.GetValueOrDefault(shard), replicas))
            .Where(shard => shard.Copies > 0 && shard.Copies < replicas);
    }
}
