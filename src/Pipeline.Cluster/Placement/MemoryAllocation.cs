using System.Collections.Immutable;
using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Placement;

/// <summary>
/// Akka.Cluster.Sharding's question "where does this shard live?", answered by <see cref="Placer"/> from the memory that nodes advertise. Runs within the
/// coordinator, on one node; there each tick of rebalancing is also when the decision is told to all nodes.
/// </summary>
/// <remarks>
/// Copies are asked for one by one, in any order. What was decided for those that have not been asked for yet holds: nodes load it already, and
/// a decision made anew from what is there by then would be another one.
/// </remarks>
/// <param name="self">This node's name: sharding calls the local region by a path without address.</param>
/// <param name="tell">Takes the decision of each tick.</param>
internal sealed class MemoryAllocation(
    ShardMap map, int replicas, ClusterOptions options, string self, ClusterBoard board, Action<PlacementNews> tell)
    : IShardAllocationStrategy
{
    private readonly long[] _shardBytes = [.. Enumerable.Range(0, map.Shards).Select(map.Bytes)];
    private readonly Gathering _gathering = new(options.MinimumExperts, options.Settle, options.GatherDeadline);

    /// <summary>Where copies that are being handed over go: their entity has no home in between.</summary>
    private readonly Dictionary<ShardCopy, string> _handovers = [];

    /// <summary>Where each copy was last decided to be; null before the first decision here. Read by other threads.</summary>
    private volatile IReadOnlyDictionary<ShardCopy, string>? _homes;

    /// <summary>Copies that have a place; all of them where nothing was decided here.</summary>
    public IEnumerable<ShardCopy> Placed =>
        _homes?.Keys ?? Enumerable.Range(0, replicas).SelectMany(replica => Enumerable.Range(0, map.Shards).Select(shard => new ShardCopy(shard, replica)));

    public async Task<IActorRef> AllocateShard(
        IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations)
    {
        var copy = ShardCopy.Parse(shardId);
        var home = copy is { } known ? HomeOf(known, currentShardAllocations) : null;
        var region = currentShardAllocations.Keys.FirstOrDefault(region => NameOf(region) == home);
        if (region is null)
        {
            // "No" is null from a task that was not done at once: the coordinator then waits to be asked again.
            await Task.Yield();
        }

        return region!;
    }

    public Task<IImmutableSet<string>> Rebalance(
        IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress)
    {
        var current = CopiesOf(currentShardAllocations);
        var nodes = Nodes(currentShardAllocations);
        var open = _gathering.Look(nodes, _shardBytes.Sum(), current.Count > 0, Now);
        var result = Decide(open ? replicas : 0, nodes, current);
        foreach (var copy in _handovers.Keys.Where(copy => current.ContainsKey(copy) && !rebalanceInProgress.Contains(copy.Id)).ToList())
        {
            _handovers.Remove(copy);
        }

        tell(News(result, current, nodes, open));
        return Task.FromResult<IImmutableSet<string>>(Movable(result, nodes, rebalanceInProgress));
    }

    private static TimeSpan Now => TimeSpan.FromSeconds(Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency);

    private string? HomeOf(ShardCopy copy, IImmutableDictionary<IActorRef, IImmutableList<string>> allocations)
    {
        var nodes = Nodes(allocations);
        if ((_handovers.GetValueOrDefault(copy) ?? _homes?.GetValueOrDefault(copy)) is { } decided && Takes(nodes, decided, copy))
        {
            return decided;
        }

        var current = CopiesOf(allocations);
        return _gathering.Look(nodes, _shardBytes.Sum(), current.Count > 0, Now) ? Decide(replicas, nodes, current).Homes.GetValueOrDefault(copy) : null;
    }

    private PlacementResult Decide(int wanted, IReadOnlyList<PlacementNode> nodes, Dictionary<ShardCopy, string> current)
    {
        var result = Placer.Place(_shardBytes, wanted, nodes, current, _homes);
        _homes = result.Homes;
        return result;
    }

    private static bool Takes(IReadOnlyList<PlacementNode> nodes, string name, ShardCopy copy) =>
        nodes.Any(node => node.Name == name && node is { Leaving: false, Reachable: true } && !node.Refused.Contains(copy.Shard));

    /// <summary>Moves whose new home has the shard warm, and evictions.</summary>
    private ImmutableHashSet<string> Movable(PlacementResult result, IReadOnlyList<PlacementNode> nodes, IImmutableSet<string> inProgress)
    {
        var ids = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var copy in result.Moves.Where(copy => !inProgress.Contains(copy.Id)))
        {
            var home = result.Homes[copy];
            if (nodes.First(node => node.Name == home).Warm.Contains(copy.Shard))
            {
                _handovers[copy] = home;
                ids.Add(copy.Id);
            }
        }

        ids.UnionWith(result.Evicted.Select(copy => copy.Id).Where(id => !inProgress.Contains(id)));
        return ids.ToImmutable();
    }

    private PlacementNews News(
        PlacementResult result, IReadOnlyDictionary<ShardCopy, string> current, IReadOnlyList<PlacementNode> nodes, bool open)
    {
        var reason = open
            ? $"the expert nodes have no room for it, {UnplacedShards.Gigabytes(result.MissingBytes)} are missing"
            : $"shards are placed when {options.MinimumExperts} expert nodes with {UnplacedShards.Gigabytes(_shardBytes.Sum())} have joined";
        var served = result.Homes.Keys.Select(copy => copy.Shard).ToHashSet();
        return new PlacementNews(
            self,
            ByNode(result.Homes.Keys, result.Homes),
            ByNode(result.Moves, current),
            [.. Enumerable.Range(0, map.Shards).Where(shard => !served.Contains(shard)).Select(shard => new UnplacedShard(shard, _shardBytes[shard], result.MissingBytes, reason))],
            [.. nodes.Where(node => node.Leaving).Select(node => node.Name)]);
    }

    private static NodeShards[] ByNode(IEnumerable<ShardCopy> copies, IReadOnlyDictionary<ShardCopy, string> nodes) =>
        [.. copies.GroupBy(copy => nodes[copy], copy => copy.Shard).Select(group => new NodeShards(group.Key, [.. group.Distinct().Order()]))];

    private Dictionary<ShardCopy, string> CopiesOf(IImmutableDictionary<IActorRef, IImmutableList<string>> allocations) =>
        allocations
            .SelectMany(region => region.Value.Select(id => (Copy: ShardCopy.Parse(id), Node: NameOf(region.Key))))
            .Where(entry => entry.Copy is { } copy && copy.Shard < map.Shards)
            .ToDictionary(entry => entry.Copy!.Value, entry => entry.Node);

    /// <summary>Nodes that have a region and told their state; one that cannot be reached keeps what it has until it is back or gone.</summary>
    private List<PlacementNode> Nodes(IImmutableDictionary<IActorRef, IImmutableList<string>> allocations)
    {
        var regions = allocations.Keys.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        return [.. board.View.Nodes
            .Where(node => node.Roles.HasFlag(NodeRoles.Expert) && regions.Contains(node.Node))
            .Select(node => new PlacementNode(node.Node, node.MemoryBytes, node.Phase == NodePhase.Leaving, node.Phase != NodePhase.Unreachable, node.Shards.ToHashSet())
            {
                Refused = node.Refused.ToHashSet(),
            })];
    }

    private string NameOf(IActorRef region) => region.Path.Address is { Host: not null } address ? NodeName.Of(address) : self;
}
