using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Placement;

namespace Pipeline.Cluster.Tests.Placement;

public sealed class StandInsTests
{
    private static readonly long[] ShardBytes = [10, 10, 10, 10];

    [Fact]
    public void What_a_home_out_of_reach_held_is_divided_among_those_with_free_memory_once()
    {
        NodeState[] nodes = [Node("a", NodePhase.Unreachable, 40, 0, 1), Node("b", NodePhase.Ready, 30, 2), Node("c", NodePhase.Ready, 30, 3), Node("full", NodePhase.Ready, 5)];
        var view = View(nodes, Home("a", 0, 1), Home("b", 2), Home("c", 3));

        Assert.Equal([0], new StandIns(ShardBytes, "b").Look(view));
        Assert.Equal([1], new StandIns(ShardBytes, "c").Look(view));
        Assert.Null(new StandIns(ShardBytes, "full").Look(view));
        Assert.Null(new StandIns(ShardBytes, "engine").Look(view));
    }

    [Fact]
    public void Nobody_stands_in_where_another_copy_is_in_reach_or_nothing_is_placed_or_no_memory_is_free()
    {
        var away = Node("a", NodePhase.Unreachable, 40, 0);
        var standIns = new StandIns(ShardBytes, "b");

        Assert.Null(standIns.Look(View([away, Node("b", NodePhase.Ready, 40, 1), Node("c", NodePhase.Ready, 40, 0)], Home("a", 0), Home("c", 0))));
        Assert.Null(standIns.Look(View([away, Node("b", NodePhase.Ready, 40), Node("c", NodePhase.Ready, 40) with { Warming = [0] }], Home("a", 0))));
        Assert.Null(standIns.Look(View([away with { Shards = [] }, Node("b", NodePhase.Ready, 40)])));
        Assert.Null(standIns.Look(View([away, Node("b", NodePhase.Ready, 9)], Home("a", 0))));
        Assert.Null(standIns.Look(View([away, Node("b", NodePhase.Leaving, 40)], Home("a", 0))));
        Assert.Null(standIns.Look(View([away, Node("b", NodePhase.Ready, 40) with { Refused = [0] }], Home("a", 0))));
        Assert.Null(standIns.Look(View([Node("b", NodePhase.Ready, 40)], Home("a", 0))));
    }

    [Fact]
    public void What_a_lost_coordinator_served_is_known_without_its_last_word() =>
        Assert.Equal([0], new StandIns(ShardBytes, "b").Look(View([Node("a", NodePhase.Unreachable, 40, 0), Node("b", NodePhase.Ready, 40)])));

    [Fact]
    public void A_stand_in_stays_until_the_home_or_a_new_home_serves()
    {
        var standIns = new StandIns(ShardBytes, "b");
        var away = Node("a", NodePhase.Unreachable, 40, 0);
        var self = Node("b", NodePhase.Ready, 40) with { Warming = [0] };
        Assert.Equal([0], standIns.Look(View([away, Node("b", NodePhase.Ready, 40)], Home("a", 0))));

        Assert.Null(standIns.Look(View([away, self], Home("a", 0))));
        Assert.Null(standIns.Look(View([self], Home("a", 0))));
        Assert.Null(standIns.Look(View([self, Node("c", NodePhase.Ready, 40) with { Warming = [0] }], Home("c", 0))));
        Assert.Equal([], standIns.Look(View([self, Node("c", NodePhase.Ready, 40, 0)], Home("c", 0))));

        Assert.Equal([0], standIns.Look(View([away, Node("b", NodePhase.Ready, 40)], Home("a", 0))));
        Assert.Equal([], standIns.Look(View([Node("a", NodePhase.Ready, 40, 0), self], Home("a", 0))));

        Assert.Equal([0], standIns.Look(View([away, Node("b", NodePhase.Ready, 40)], Home("a", 0))));
        Assert.Equal([], standIns.Look(View([self], Home("b", 0))));
    }

    private static NodeState Node(string name, NodePhase phase, long memory, params int[] shards) =>
        new(name, 1, 1, phase, NodeRoles.Expert, "d", "avx2", name, 7, memory, 0, shards, [], 0, null, []);

    private static NodeShards Home(string node, params int[] shards) => new(node, shards);

    private static ClusterView View(NodeState[] nodes, params NodeShards[] homes) => new(nodes, new PlacementNews("a", homes, [], [], []));
}
