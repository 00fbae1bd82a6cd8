using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Placement;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Tests.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Placement;

public sealed class ExpertDirectoryTests
{
    private readonly ClusterBoard _board = new();
    private readonly ShardMap _map = ShardMap.Create(ShardMapTests.RandomModel(layers: 1, step: 1, experts: 8), 2, null, 1_000_000_000);
    private readonly ExpertDirectory _directory;
    private int _changes;

    public ExpertDirectoryTests()
    {
        _directory = new ExpertDirectory(_map, _board, "self:1");
        _directory.Changed += () => _changes++;
    }

    [Fact]
    public void This_process_comes_first_and_who_leaves_or_cannot_be_reached_last()
    {
        Publish(Node("a:1", NodePhase.Unreachable, 0), Node("b:1", NodePhase.Leaving, 0), Node("c:1", NodePhase.Ready, 0), Node("self:1", NodePhase.Ready, 0));

        Assert.Equal([ExpertHost.Local.Node, "c:1", "b:1", "a:1"], _directory.HostsOf(0).Select(host => host.Node));
        Assert.Equal(new ExpertHost("c:1", "c", 7, "avx2"), _directory.HostsOf(0)[1]);
    }

    [Fact]
    public void Only_what_is_warm_is_listed_and_what_is_not_says_why()
    {
        Publish(Node("a:1", NodePhase.Ready) with { Warming = [0] });

        Assert.Empty(_directory.HostsOf(0));
        Assert.Equal("node a:1 is loading it", _directory.Unplaced(0));
        Assert.Equal("it is being placed", _directory.Unplaced(1));

        Publish(Node("a:1", NodePhase.Ready, 0, 1));
        Assert.Null(_directory.Unplaced(0));
        Assert.Null(_directory.Unplaced(1));
    }

    [Fact]
    public void Without_expert_nodes_it_says_what_all_shards_need() =>
        Assert.Equal("there is no expert node; all shards together need 8.0 GB", _directory.Unplaced(0));

    [Fact]
    public void It_says_changed_only_when_somebody_asked_would_hear_something_else()
    {
        Publish(Node("a:1", NodePhase.Ready, 0));
        Publish(Node("a:1", NodePhase.Ready, 0) with { Sequence = 2, RowsPerSecond = 5 });
        Assert.Equal(1, _changes);

        Publish(Node("a:1", NodePhase.Ready));
        Assert.Equal(2, _changes);
    }

    [Fact]
    public void Askers_spread_over_the_copies()
    {
        var view = new ClusterView([Node("a:1", NodePhase.Ready, 0), Node("b:1", NodePhase.Ready, 0)], null);
        _board.Publish(view);
        var firsts = Enumerable.Range(0, 100).Select(i => new ExpertDirectory(_map, _board, $"engine{i}:1").HostsOf(0)[0].Node).ToList();

        Assert.InRange(firsts.Count(first => first == "a:1"), 30, 70);
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        Publish(Node("a:1", NodePhase.Ready, 0));
        _directory.HostsOf(0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var hosts = _directory.HostsOf(0);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Single(hosts);
    }

    [Fact]
    public void A_leaving_node_goes_when_it_has_nothing_or_nobody_takes_it()
    {
        var self = Node("self:1", NodePhase.Leaving, 0);
        var other = Node("a:1", NodePhase.Ready);
        PlacementNews News(string[] leaving, params NodeShards[] departing) => new("a:1", [], departing, [], leaving);

        Assert.False(Handover.IsDone(new ClusterView([Node("self:1", NodePhase.Ready), other], null), "self:1"));
        Assert.True(Handover.IsDone(new ClusterView([self with { Shards = [] }, other], null), "self:1"));
        Assert.True(Handover.IsDone(new ClusterView([self], null), "self:1"));
        Assert.False(Handover.IsDone(new ClusterView([self, other], null), "self:1"));
        Assert.False(Handover.IsDone(new ClusterView([self, other], News([])), "self:1"));
        Assert.False(Handover.IsDone(new ClusterView([self, other], News(["self:1"], new NodeShards("self:1", [0]))), "self:1"));
        Assert.True(Handover.IsDone(new ClusterView([self, other], News(["self:1"], new NodeShards("a:1", [0]))), "self:1"));

        // Who is out of reach for a moment may take it after that.
        var away = other with { Phase = NodePhase.Unreachable };
        Assert.False(Handover.IsDone(new ClusterView([self, away], null), "self:1"));
        Assert.False(Handover.IsDone(new ClusterView([self, away], News(["self:1"])), "self:1"));
    }

    private static NodeState Node(string name, NodePhase phase, params int[] shards) =>
        new(name, 1, 1, phase, NodeRoles.Expert, "d", "avx2", name.Split(':')[0], 7, 1, 0, shards, [], 0, null, []);

    private void Publish(params NodeState[] nodes) => _board.Publish(new ClusterView(nodes, null));
}
