using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Placement;

/// <summary>
/// Shards that this node serves in the stead of a home that cannot be reached, before the cluster has decided whether that one is dead. Two holders
/// compute the same bits, so it needs nobody's leave, and a node that was taken for lost too soon costs some reading and nothing else: all
/// nodes choose by the same rule from what they know, and take free memory only. Plain data.
/// </summary>
/// <param name="shardBytes">Weights of each shard.</param>
/// <param name="self">This node's name.</param>
internal sealed class StandIns(IReadOnlyList<long> shardBytes, string self)
{
    private readonly SortedSet<int> _shards = [];

    /// <summary>Which shards this node stands in for, after the changes that the view asks for.</summary>
    /// <returns>Null where nothing has changed.</returns>
    public IReadOnlySet<int>? Look(ClusterView view)
    {
        var ended = _shards.RemoveWhere(shard => HomesOf(view, shard).Any(home => home == self || IsServing(view, home, shard)));
        var begun = ChosenFrom(view).Count(_shards.Add);
        return ended + begun > 0 ? _shards.ToHashSet() : null;
    }

    /// <summary>Of the shards that nobody within reach has or loads, those that fall to this node: each goes where the share of memory in use is least afterwards.</summary>
    private List<int> ChosenFrom(ClusterView view)
    {
        var away = view.Nodes.Where(node => node.Phase == NodePhase.Unreachable).Select(node => node.Node).ToHashSet(StringComparer.Ordinal);
        var present = view.Nodes.Where(node => node.Phase != NodePhase.Unreachable).SelectMany(node => node.Shards.Concat(node.Warming)).ToHashSet();
        var used = view.Nodes.Where(node => node.Phase == NodePhase.Ready).ToDictionary(node => node, Used);
        var chosen = new List<int>();
        for (var shard = 0; shard < shardBytes.Count && away.Count > 0; shard++)
        {
            if (present.Contains(shard) || !HomesOf(view, shard).Any() || !HomesOf(view, shard).All(away.Contains))
            {
                continue;
            }

            var bytes = shardBytes[shard];
            var node = used.Where(entry => entry.Value + bytes <= entry.Key.MemoryBytes && Array.BinarySearch(entry.Key.Refused, shard) < 0)
                .OrderBy(entry => (entry.Value + bytes) / (double)entry.Key.MemoryBytes)
                .ThenBy(entry => entry.Key.Node, StringComparer.Ordinal)
                .Select(entry => entry.Key)
                .FirstOrDefault();
            if (node is not null)
            {
                used[node] += bytes;
                if (node.Node == self)
                {
                    chosen.Add(shard);
                }
            }
        }

        return chosen;
    }

    private long Used(NodeState node) => Math.Max(node.HeldBytes, node.Shards.Concat(node.Warming).Where(shard => shard < shardBytes.Count).Sum(shard => shardBytes[shard]));

    /// <summary>Where the coordinator says that it lives, and who served it when it got out of reach: that may be the coordinator, and its last word lost with it.</summary>
    private static IEnumerable<string> HomesOf(ClusterView view, int shard) =>
        (view.Placement?.Homes ?? []).Where(homes => Array.BinarySearch(homes.Shards, shard) >= 0).Select(homes => homes.Node)
            .Concat(view.Nodes.Where(node => node.Phase == NodePhase.Unreachable && Array.BinarySearch(node.Shards, shard) >= 0).Select(node => node.Node));

    private static bool IsServing(ClusterView view, string name, int shard) =>
        view.Nodes.Any(node => node.Node == name && node.Phase != NodePhase.Unreachable && Array.BinarySearch(node.Shards, shard) >= 0);
}
