using System.Collections.Immutable;
using Akka.Actor;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Placement;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Tests.Membership;
using Pipeline.Cluster.Tests.Shards;

namespace Pipeline.Cluster.Tests.Placement;

/// <summary>The strategy as sharding's coordinator calls it: a tick now and then, and a question for each copy in an order that nobody knows.</summary>
public sealed class MemoryAllocationTests
{
    private const int Shards = 12;
    private const long ShardBytes = 8_000_000;

    private static readonly string[] s_names = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];

    private readonly ClusterBoard _board = new();
    private readonly Region[] _regions = [.. s_names.Select(name => new Region(name))];
    private readonly MemoryAllocation _allocation;
    private PlacementNews? _told;

    public MemoryAllocationTests()
    {
        var map = ShardMap.Create(ShardMapTests.RandomModel(layers: 1, step: 1, experts: 8 * Shards), Shards, null, ShardBytes / 8);
        _allocation = new MemoryAllocation(map, replicas: 1, TestCluster.Options("pipeline.cluster { minimum-experts = 3, settle = 0s }"), "self", _board, news => _told = news);
        Know(s_names);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Copies_come_to_where_a_tick_has_said_in_whatever_order_they_are_asked_for(int seed)
    {
        var homes = Allocations();
        await TickAsync(homes);
        var first = Homes();
        Assert.Equal(Shards, first.Count);
        var order = Enumerable.Range(0, Shards).ToArray();
        new Random(seed).Shuffle(order);

        foreach (var shard in order)
        {
            var region = await AskAsync(shard, homes);
            Assert.Equal(first[shard], region!.Name);
            homes = homes.SetItem(region, homes[region].Add($"{shard}.0"));
            await TickAsync(homes);
            Assert.Equal(first, Homes());
        }
    }

    [Fact]
    public async Task What_was_decided_for_a_node_that_is_gone_goes_to_others_and_the_rest_stays()
    {
        var homes = Allocations();
        await TickAsync(homes);
        var first = Homes();

        Know(s_names[..2]);
        homes = homes.Remove(_regions[2]);
        foreach (var shard in Enumerable.Range(0, Shards))
        {
            var region = await AskAsync(shard, homes);
            Assert.NotNull(region);
            homes = homes.SetItem(region, homes[region].Add($"{shard}.0"));
            if (first[shard] != s_names[2])
            {
                Assert.Equal(first[shard], region.Name);
            }
        }

        Assert.All(homes.Values, copies => Assert.Equal(Shards / 2, copies.Count));
    }

    [Fact]
    public async Task All_copies_are_called_for_until_something_is_decided_and_then_those_that_have_a_place()
    {
        Assert.Equal(Shards, _allocation.Placed.Count());
        Know(s_names[..1]);
        await TickAsync(Allocations());
        Assert.Empty(_allocation.Placed);

        Know(s_names);
        await AskAsync(0, Allocations());
        Assert.Equal(Shards, _allocation.Placed.Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_copy_that_gives_way_to_a_shard_without_any_is_evicted_whoever_decides_first(bool askedFirst)
    {
        var map = ShardMap.Create(ShardMapTests.RandomModel(layers: 1, step: 1, experts: 8 * 5), 5, null, ShardBytes / 8);
        var allocation = new MemoryAllocation(map, replicas: 2, TestCluster.Options("pipeline.cluster { minimum-experts = 1, settle = 0s }"), "self", _board, news => _told = news);
        Know(s_names[..2], memory: 3 * ShardBytes);
        var homes = Allocations().Remove(_regions[2]).SetItem(_regions[0], ["0.0", "2.0", "1.1"]).SetItem(_regions[1], ["1.0", "3.0", "0.1"]);
        if (!askedFirst)
        {
            Assert.NotEmpty(await allocation.Rebalance(homes, ImmutableHashSet<string>.Empty));
        }

        var region = (Region)await allocation.AllocateShard(_regions[0], "4.0", homes);
        homes = homes.SetItem(region, homes[region].Add("4.0"));

        // Its hand-over may take several ticks, and may fail.
        for (var tick = 0; tick < 2; tick++)
        {
            var evicted = Assert.Single(await allocation.Rebalance(homes, ImmutableHashSet<string>.Empty));
            Assert.Contains(evicted, homes[region]);
            Assert.Contains(_told!.Homes, node => node.Node == region.Name && node.Shards.Contains(4) && node.Shards.Length == 3);
        }
    }

    [Fact]
    public async Task What_nobody_has_asked_for_yet_goes_to_a_node_that_joins_before_what_is_held()
    {
        var homes = Allocations().Remove(_regions[2]);
        Know(s_names[..2]);
        foreach (var shard in Enumerable.Range(0, 8))
        {
            homes = homes.SetItem(_regions[shard % 2], homes[_regions[shard % 2]].Add($"{shard}.0"));
        }

        await TickAsync(homes);
        Assert.DoesNotContain(s_names[2], Homes().Values);

        Know(s_names);
        homes = homes.Add(_regions[2], ImmutableList<string>.Empty);
        Assert.Empty(await _allocation.Rebalance(homes, ImmutableHashSet<string>.Empty));
        Assert.All(Enumerable.Range(8, 4), shard => Assert.Equal(s_names[2], Homes()[shard]));
    }

    private ImmutableDictionary<IActorRef, IImmutableList<string>> Allocations() =>
        _regions.ToImmutableDictionary(region => (IActorRef)region, _ => (IImmutableList<string>)ImmutableList<string>.Empty);

    private async Task<Region?> AskAsync(int shard, ImmutableDictionary<IActorRef, IImmutableList<string>> homes) =>
        (Region?)await _allocation.AllocateShard(_regions[0], $"{shard}.0", homes);

    private Task TickAsync(ImmutableDictionary<IActorRef, IImmutableList<string>> homes) => _allocation.Rebalance(homes, ImmutableHashSet<string>.Empty);

    private Dictionary<int, string> Homes() =>
        _told!.Homes.SelectMany(homes => homes.Shards.Select(shard => (shard, homes.Node))).ToDictionary(entry => entry.shard, entry => entry.Node);

    private void Know(IEnumerable<string> names, long memory = Shards * ShardBytes) => _board.Publish(new ClusterView(
        [.. names.Select(name => new NodeState(name, 1, 1, NodePhase.Ready, NodeRoles.Expert, "d1", "test", "127.0.0.1", 1, memory, 0, [], [], 0, null, []))],
        null));

    /// <summary>A node's region, of which only the address counts.</summary>
#pragma warning disable MA0097 // an actor reference is comparable; its operators are Akka's business
    private sealed class Region(string name) : MinimalActorRef
    {
        public string Name => name;

        public override ActorPath Path { get; } = new RootActorPath(new Address("akka.tcp", "pipeline", name.Split(':')[0], int.Parse(name.Split(':')[1], null))) / "region";

        public override IActorRefProvider Provider => throw new NotSupportedException();
    }
}
