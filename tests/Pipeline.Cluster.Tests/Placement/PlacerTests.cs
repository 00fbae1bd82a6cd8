using CsCheck;
using Pipeline.Cluster.Placement;

namespace Pipeline.Cluster.Tests.Placement;

public sealed class PlacerTests
{
    private const long Unit = 1000;

    private static readonly IReadOnlyDictionary<ShardCopy, string> Nowhere = new Dictionary<ShardCopy, string>();

    private static readonly Gen<PlacementNode> AnyNode =
        from memory in Gen.Long[0, 12 * Unit]
        from leaving in Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true)))
        from reachable in Gen.Frequency((4, Gen.Const(true)), (1, Gen.Const(false)))
        from warm in Gen.Int[0, 11].Array[0, 3]
        select new PlacementNode("", memory, leaving, reachable, warm.ToHashSet());

    /// <summary>A placement that has grown: some nodes first, then others, shards of nearly equal size.</summary>
    private static readonly Gen<Scene> Scenes =
        from shards in Gen.Int[1, 12]
        from odd in Gen.Int[0, 3]
        from replicas in Gen.Int[1, 3]
        from before in AnyNode.Array[0, 5]
        from after in AnyNode.Array[0, 5]
        from stay in Gen.Bool.Array[5]
        select Scene.Create(shards, odd, replicas, before, after, stay);

    [Fact]
    public void Memory_is_never_exceeded_and_copies_of_a_shard_lie_apart() => Scenes.Sample(scene =>
    {
        foreach (var node in scene.Nodes)
        {
            var copies = scene.On(node.Name);
            Assert.Equal(copies.Count, copies.Select(copy => copy.Shard).Distinct().Count());
            Assert.True(node.Leaving || copies.Sum(scene.Bytes) <= node.MemoryBytes);
        }
    });

    [Fact]
    public void Every_copy_has_a_home_or_is_named_as_unplaced() => Scenes.Sample(scene =>
    {
        var named = scene.Result.Homes.Keys.Concat(scene.Result.Unplaced).ToList();
        Assert.Equal(scene.ShardBytes.Count * scene.Replicas, named.Count);
        Assert.Equal(named.Count, named.Distinct().Count());
    });

    [Fact]
    public void What_is_held_and_has_no_home_any_more_is_evicted_where_somebody_can_be_told_and_loads_it() => Scenes.Sample(scene =>
    {
        var nodes = scene.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        var homeless = scene.Current.Where(entry => !scene.Result.Homes.ContainsKey(entry.Key)
            && nodes.TryGetValue(entry.Value, out var node) && node.Reachable && !node.Refused.Contains(entry.Key.Shard));
        Assert.Equal(homeless.Select(entry => entry.Key).Order(ShardCopy.Order), scene.Result.Evicted.Where(copy => copy.Replica < scene.Replicas).Order(ShardCopy.Order));
    });

    [Fact]
    public void A_shard_is_without_copy_only_where_no_node_has_room_or_a_second_copy_to_give_up() => Scenes.Sample(scene =>
    {
        var homes = scene.Result.Homes;
        foreach (var shard in Enumerable.Range(0, scene.ShardBytes.Count).Where(shard => homes.Keys.All(copy => copy.Shard != shard)))
        {
            Assert.True(scene.Result.MissingBytes > 0);
            foreach (var node in scene.Open)
            {
                var spare = scene.On(node.Name).Where(copy => scene.Open.Count(other => scene.On(other.Name).Any(own => own.Shard == copy.Shard)) > 1).Sum(scene.Bytes);
                Assert.True(node.MemoryBytes - scene.On(node.Name).Sum(scene.Bytes) + spare < scene.ShardBytes[shard]);
            }
        }
    });

    [Fact]
    public void A_node_of_the_missing_size_places_all_that_was_missing() => Scenes.Where(scene => scene.Result.MissingBytes > 0).Sample(scene =>
    {
        var helper = new PlacementNode("helper", scene.Result.MissingBytes, false, true, new HashSet<int>());
        var result = Placer.Place(scene.ShardBytes, scene.Replicas, [.. scene.Nodes, helper], scene.Result.Homes);
        Assert.Equal(0, result.MissingBytes);
    });

    [Fact]
    public void Shares_are_in_proportion_to_memory_as_far_as_whole_shards_allow() => Scenes.Sample(scene =>
    {
        foreach (var from in scene.Open)
        {
            var share = scene.On(from.Name).Sum(scene.Bytes) / (double)from.MemoryBytes;
            foreach (var to in scene.Open.Where(to => to != from))
            {
                var used = scene.On(to.Name).Sum(scene.Bytes);
                foreach (var copy in scene.On(from.Name).Where(copy => scene.On(to.Name).All(own => own.Shard != copy.Shard)))
                {
                    Assert.False(used + scene.Bytes(copy) <= to.MemoryBytes && (used + scene.Bytes(copy)) / (double)to.MemoryBytes < share - 1e-6);
                }
            }
        }
    });

    [Fact]
    public void What_is_decided_stays_decided() => Scenes.Sample(scene =>
    {
        var again = Placer.Place(scene.ShardBytes, scene.Replicas, scene.Nodes, scene.Result.Homes);
        Assert.Equal(scene.Result.Homes, again.Homes);
        Assert.Empty(again.Moves);
        Assert.Empty(again.Evicted);
    });

    [Fact]
    public void Who_cannot_be_reached_or_leaves_gets_nothing_new() => Scenes.Sample(scene =>
    {
        foreach (var node in scene.Nodes.Where(node => node.Leaving || !node.Reachable))
        {
            Assert.All(scene.On(node.Name), copy => Assert.Equal(node.Name, scene.Current.GetValueOrDefault(copy)));
        }
    });

    [Fact]
    public void Who_leaves_keeps_only_what_nobody_has_room_for() => Scenes.Sample(scene =>
    {
        foreach (var copy in scene.Nodes.Where(node => node.Leaving).SelectMany(node => scene.On(node.Name)))
        {
            Assert.All(scene.Open, node => Assert.True(
                scene.On(node.Name).Any(own => own.Shard == copy.Shard) || node.MemoryBytes - scene.On(node.Name).Sum(scene.Bytes) < scene.Bytes(copy)));
        }
    });

    [Fact]
    public void Who_joins_takes_its_share_and_nothing_else_moves() => Equal.Sample(scene =>
    {
        var joined = Placer.Place(scene.ShardBytes, 1, [.. scene.Nodes, Node("new", 6)], scene.Result.Homes);
        Assert.All(joined.Moves, copy => Assert.Equal("new", joined.Homes[copy]));
    });

    [Fact]
    public void Where_one_is_lost_nothing_moves_that_was_elsewhere() => Equal.Where(scene => scene.Nodes.Count > 1).Sample(scene =>
    {
        var lost = Placer.Place(scene.ShardBytes, 1, [.. scene.Nodes.Skip(1)], scene.Result.Homes);
        Assert.Empty(lost.Moves);
    });

    [Fact]
    public void Memory_of_32_64_and_96_gets_2_4_and_6_of_twelve_shards()
    {
        var result = Placer.Place([.. Enumerable.Repeat(Unit, 12)], 1, [Node("a", 32), Node("b", 64), Node("c", 96)], Nowhere);

        Assert.Equal([2, 4, 6], new[] { "a", "b", "c" }.Select(name => result.Homes.Values.Count(home => home == name)));
    }

    [Fact]
    public void A_lost_shard_goes_where_it_is_warm_already()
    {
        var nodes = new[] { Node("a", 8), Node("b", 8) with { Warm = new HashSet<int> { 1 } } };
        var current = new Dictionary<ShardCopy, string> { [new(0, 0)] = "b", [new(2, 0)] = "a" };

        Assert.Equal("b", Placer.Place([Unit, Unit, Unit], 1, nodes, current).Homes[new ShardCopy(1, 0)]);
    }

    [Fact]
    public void A_second_copy_gives_way_to_a_shard_that_has_none()
    {
        var current = new Dictionary<ShardCopy, string> { [new(0, 0)] = "a", [new(0, 1)] = "b" };

        var result = Placer.Place([Unit, Unit], 2, [Node("a", 1), Node("b", 1)], current);

        Assert.Equal([0, 1], result.Homes.Keys.Select(copy => copy.Shard).Order());
        var evicted = Assert.Single(result.Evicted);
        Assert.Equal(0, evicted.Shard);
        Assert.Equal(0, result.MissingBytes);
    }

    [Fact]
    public void Copies_that_are_not_wanted_give_up_their_place_unless_they_cannot_be_reached()
    {
        var current = new Dictionary<ShardCopy, string> { [new(0, 0)] = "a", [new(0, 1)] = "b", [new(0, 2)] = "c" };

        var result = Placer.Place([Unit], 1, [Node("a", 1), Node("b", 1), Node("c", 1) with { Reachable = false }], current);

        Assert.Equal([new ShardCopy(0, 1)], result.Evicted);
        Assert.Equal([new ShardCopy(0, 0)], result.Homes.Keys);
        Assert.Empty(result.Unplaced);
    }

    [Fact]
    public void A_shard_goes_where_it_can_be_loaded_and_is_missing_where_nobody_has_room_for_it()
    {
        var broken = Node("a", 2) with { Refused = new HashSet<int> { 1 } };
        var current = new Dictionary<ShardCopy, string> { [new(0, 0)] = "a", [new(1, 0)] = "a", [new(2, 0)] = "b" };

        var moved = Placer.Place([Unit, Unit, Unit], 1, [broken, Node("b", 2)], current);
        Assert.Equal(("a", "b", "b"), (moved.Homes[new(0, 0)], moved.Homes[new(1, 0)], moved.Homes[new(2, 0)]));
        Assert.Equal([new ShardCopy(1, 0)], moved.Moves);

        // A second copy elsewhere gives way to it.
        var evicted = Placer.Place([Unit, Unit], 2, [broken, Node("b", 1)], new Dictionary<ShardCopy, string> { [new(0, 0)] = "a", [new(0, 1)] = "b", [new(1, 0)] = "a" });
        Assert.Equal("b", evicted.Homes[new(1, 0)]);

        var alone = Placer.Place([Unit, Unit, Unit], 1, [broken], current);
        Assert.Equal([new ShardCopy(1, 0)], alone.Unplaced);
        Assert.Equal(Unit, alone.MissingBytes);
    }

    [Fact]
    public void What_is_missing_is_told_in_bytes()
    {
        var result = Placer.Place([Unit, Unit, Unit], 1, [Node("a", 1)], Nowhere);

        Assert.Equal(2, result.Unplaced.Count);
        Assert.Equal(2 * Unit, result.MissingBytes);
    }

    /// <summary>Equal shards, one copy each, everybody there: what the laws of least movement are about.</summary>
    private static readonly Gen<Scene> Equal =
        from shards in Gen.Int[1, 20]
        from sizes in Gen.Int[1, 12].Array[1, 6]
        select Scene.Create(shards, 0, 1, [], [.. sizes.Select(size => Node("", size))], []);

    private static PlacementNode Node(string name, int units) => new(name, units * Unit, false, true, new HashSet<int>());

    private sealed record Scene(
        IReadOnlyList<long> ShardBytes, int Replicas, IReadOnlyList<PlacementNode> Nodes, IReadOnlyDictionary<ShardCopy, string> Current, PlacementResult Result)
    {
        public IReadOnlyList<PlacementNode> Open => [.. Nodes.Where(node => node is { Leaving: false, Reachable: true, MemoryBytes: > 0 })];

        public static Scene Create(int shards, int odd, int replicas, PlacementNode[] before, PlacementNode[] after, bool[] stay)
        {
            var bytes = Enumerable.Range(0, shards).Select(shard => Unit + (shard < odd ? 1 : 0)).ToList();
            var old = before.Select((node, i) => node with { Name = $"old{i}", Leaving = false, Reachable = true }).ToList();
            var current = Placer.Place(bytes, replicas, old, Nowhere).Homes;
            var nodes = before.Select((node, i) => node with { Name = $"old{i}" }).Where((_, i) => stay[i])
                .Concat(after.Select((node, i) => node with { Name = $"new{i}" })).ToList();
            return new Scene(bytes, replicas, nodes, current, Placer.Place(bytes, replicas, nodes, current));
        }

        public long Bytes(ShardCopy copy) => ShardBytes[copy.Shard];

        public override string ToString() =>
            $"{Replicas} x [{string.Join(' ', ShardBytes)}]\n"
            + string.Concat(Nodes.Select(node => $"{node.Name} {node.MemoryBytes}{(node.Leaving ? " leaving" : "")}{(node.Reachable ? "" : " unreachable")} warm {string.Join(' ', node.Warm)}"
                + $" had {string.Join(' ', Current.Where(home => home.Value == node.Name).Select(home => home.Key.Id))} has {string.Join(' ', On(node.Name).Select(copy => copy.Id))}\n"))
            + $"unplaced {string.Join(' ', Result.Unplaced.Select(copy => copy.Id))} evicted {string.Join(' ', Result.Evicted.Select(copy => copy.Id))}";

        public IReadOnlyList<ShardCopy> On(string node) => [.. Result.Homes.Where(home => home.Value == node).Select(home => home.Key)];
    }
}
