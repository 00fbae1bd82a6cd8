using System.Globalization;

namespace Pipeline.Cluster.Placement;

/// <summary>One copy of a shard: one entity, and one shard of its own to Akka.Cluster.Sharding, so that each moves alone.</summary>
/// <param name="Replica">0 to <c>experts.replicas</c> - 1; all copies are equal.</param>
internal readonly record struct ShardCopy(int Shard, int Replica)
{
    /// <summary>By shard, then replica.</summary>
    public static readonly IComparer<ShardCopy> Order = Comparer<ShardCopy>.Create((a, b) => (a.Shard, a.Replica).CompareTo((b.Shard, b.Replica)));

    /// <summary>Entity and shard id: <c>shard.replica</c>.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Shard}.{Replica}");

    public static ShardCopy? Parse(string id) =>
        id.Split('.') is [var shard, var replica]
        && int.TryParse(shard, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
        && int.TryParse(replica, NumberStyles.None, CultureInfo.InvariantCulture, out var r)
            ? new ShardCopy(s, r)
            : null;
}
