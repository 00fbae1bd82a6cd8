using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Tests.Membership;

namespace Pipeline.Cluster.Tests.Placement;

/// <summary>Shards on the move between real members: nobody ever asks for a shard in vain where one was held.</summary>
public sealed class MovingTests
{
    [Fact]
    public async Task A_joining_node_has_its_share_warm_before_it_is_handed_over()
    {
        await using var cluster = new TestCluster(shards: 6);
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        var old = await cluster.StartAsync(6);
        await cluster.WarmEverywhere();
        using var watch = new HostWatch(engine.Cluster);

        var joined = await cluster.StartAsync(6);
        await cluster.Until(() => joined.State.Shards.Length == 3 && old.Host.Held.Count == 3, "half of the shards moved, and the old node gave their memory back");
        await cluster.WarmEverywhere();

        Assert.Empty(watch.Orphaned);
        Assert.Equal(3, joined.Host.Held.Count);
    }

    [Fact]
    public async Task Nothing_moves_to_a_node_that_does_not_get_warm()
    {
        await using var cluster = new TestCluster(shards: 4);
        var old = await cluster.StartAsync(4);
        await cluster.WarmEverywhere();
        var cold = await cluster.StartAsync(4, cold: true);

        await cluster.Until(() => old.Cluster.Nodes.Any(node => node.Node == cold.Name && node.Warming.Length == 2), "the new node was asked to warm its share");
        await cluster.Until(() => old.State.Sequence > 50, "many ticks of placement went by");
        Assert.Equal(4, old.State.Shards.Length);

        cold.Host.OpenGate();
        await cluster.Until(() => old.State.Shards.Length == 2 && cold.State.Shards.Length == 2, "it gets its share once it is warm");
    }

    [Fact]
    public async Task A_leaving_node_hands_its_shards_over_first()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 2");
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        var leaver = await cluster.StartAsync(4);
        var stayer = await cluster.StartAsync(4);
        await cluster.WarmEverywhere();
        using var watch = new HostWatch(engine.Cluster);

        Assert.True(await leaver.LeaveAsync());

        await cluster.Until(() => stayer.State.Shards.Length == 4 && engine.Cluster.Nodes.Count == 2, "the other node has all shards");
        Assert.Empty(watch.Orphaned);
        Assert.False(leaver.Cluster.Downed.IsCompleted);
    }

    [Fact]
    public async Task A_node_that_nobody_can_replace_leaves_all_the_same_and_what_is_missing_is_named()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 2");
        var leaver = await cluster.StartAsync(2);
        var stayer = await cluster.StartAsync(2);
        await cluster.WarmEverywhere();

        Assert.True(await leaver.LeaveAsync());

        await cluster.Until(() => stayer.Cluster.Unplaced.Count == 2 && stayer.Cluster.Unplaced.All(shard => shard.MissingBytes == 2 * TestCluster.ShardBytes), "two shards are named with the bytes that are missing");
    }

    [Fact]
    public async Task A_killed_nodes_shards_go_to_who_has_room()
    {
        await using var cluster = new TestCluster(shards: 6, "pipeline.cluster.minimum-experts = 3");
        await cluster.StartAsync(6);
        await cluster.StartAsync(6);
        var killed = await cluster.StartAsync(6);
        await cluster.WarmEverywhere();

        await killed.KillAsync();

        await cluster.Until(() => cluster.Nodes.Take(2).All(node => node.State.Shards.Length == 3), "the others share its shards");
        await cluster.WarmEverywhere();
        Assert.All(cluster.Nodes.Take(2), node => Assert.False(node.Cluster.Downed.IsCompleted));
    }

    [Fact]
    public async Task A_killed_nodes_shards_are_served_by_others_long_before_it_is_removed()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 2\nakka.cluster.split-brain-resolver.stable-after = 120s");
        var killed = await cluster.StartAsync(4);
        var other = await cluster.StartAsync(4);
        await cluster.WarmEverywhere();

        await killed.KillAsync();

        await cluster.Until(() => other.State.Shards.Length == 4, "the other node stands in for the one that was killed, the coordinator");
        Assert.Contains(other.Cluster.Nodes, node => node.Node == killed.Name && node.Phase == NodePhase.Unreachable);
    }

    [Fact]
    public async Task A_killed_coordinator_is_replaced_and_a_node_that_comes_back_gets_its_share()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 3");
        var coordinator = await cluster.StartAsync(2);
        await cluster.StartAsync(2);
        await cluster.StartAsync(2);
        await cluster.WarmEverywhere();
        var port = coordinator.Name.Split(':')[1];

        await coordinator.KillAsync();
        var back = await cluster.StartAsync(2, settings: $"pipeline.cluster.port = {port}");

        await cluster.Until(() => back.State.Shards.Length >= 1, "the node that came back under its old name holds shards");
        await cluster.WarmEverywhere();
    }

    [Fact]
    public async Task Copies_lie_on_different_nodes_and_one_answers_while_the_other_is_replaced()
    {
        await using var cluster = new TestCluster(shards: 3, "pipeline.experts.replicas = 2\npipeline.cluster.minimum-experts = 3");
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        await cluster.StartAsync(3);
        await cluster.StartAsync(3);
        var killed = await cluster.StartAsync(3);
        await cluster.WarmEverywhere(replicas: 2);
        using var watch = new HostWatch(engine.Cluster);

        await killed.KillAsync();

        await cluster.Until(() => engine.Cluster.Nodes.All(node => node.Node != killed.Name), "the killed node is removed");
        await cluster.WarmEverywhere(replicas: 2);
        Assert.Empty(watch.Orphaned);
    }

    [Fact]
    public async Task A_shard_that_cannot_be_loaded_says_why_and_is_tried_again()
    {
        await using var cluster = new TestCluster(shards: 1);
        var node = await cluster.StartAsync(1, failure: new PipelineException("disk", "the disk is on fire"));

        await cluster.Until(() => node.Cluster.Directory.Unplaced(0)?.Contains("the disk is on fire", StringComparison.Ordinal) == true, "the reason is named");
        node.Host.Failure = null;
        await cluster.WarmEverywhere();
    }

    [Fact]
    public async Task A_shard_that_a_node_can_never_load_goes_to_another_and_the_node_is_marked()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 2");
        var broken = await cluster.StartAsync(4, failure: new PipelineException("disk", "the disk is on fire"));
        var whole = await cluster.StartAsync(4);

        await cluster.Until(() => whole.State.Shards.Length == 4, "the other node has all shards");
        Assert.NotEmpty(whole.Cluster.Nodes.Single(node => node.Node == broken.Name).Refused);
        Assert.Empty(whole.Cluster.Unplaced);
    }

    [Fact]
    public async Task A_shard_that_the_only_node_with_room_can_never_load_is_named_with_the_cause()
    {
        await using var cluster = new TestCluster(shards: 2, "pipeline.cluster.minimum-experts = 2");
        var broken = await cluster.StartAsync(1, failure: new PipelineException("disk", "the disk is on fire"));
        var whole = await cluster.StartAsync(1);

        await cluster.Until(
            () => whole.Cluster.Unplaced is [var shard] && shard.Reason.StartsWith($"node {broken.Name} cannot load it", StringComparison.Ordinal)
                && shard.Reason.Contains("the disk is on fire", StringComparison.Ordinal) && shard.MissingBytes == TestCluster.ShardBytes,
            "the shard is named with its node, cause and bytes");
    }
}
