using Akka.Actor;
using Akka.Remote;
using Akka.Remote.Transport;
using Pipeline.Cluster.Membership;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Pipeline.Cluster.Tests.Membership;

/// <summary>Members that cannot hear each other: their transports drop what goes between them.</summary>
public sealed class PartitionTests
{
    private const string Injector = "akka.remote.dot-netty.tcp.applied-adapters = [\"gremlin\"]\npipeline.cluster.minimum-experts = 3";

    [Fact]
    public async Task A_node_that_is_cut_off_is_removed_and_told_so_and_the_others_take_its_shards()
    {
        await using var cluster = new TestCluster(shards: 3, Injector);
        var first = await cluster.StartAsync(3);
        var second = await cluster.StartAsync(3);
        var cut = await cluster.StartAsync(3);
        await cluster.WarmEverywhere();
        var lost = Assert.Single(cut.State.Shards);

        await Separate(cut, [first, second], apart: true);

        await cluster.Until(() => cut.Cluster.Downed.IsCompleted, "the minority knows that it must end");
        await cluster.Until(() => first.Cluster.Nodes.Count == 2, "the majority has removed it");
        await cluster.Until(() => first.Cluster.Directory.HostsOf(lost).Count == 1, "its shard is warm elsewhere");
        Assert.False(first.Cluster.Downed.IsCompleted);
        Assert.False(second.Cluster.Downed.IsCompleted);
    }

    [Fact]
    public async Task A_node_that_comes_back_in_time_keeps_its_shards_and_is_asked_last_meanwhile()
    {
        await using var cluster = new TestCluster(shards: 3, Injector + "\npipeline.experts.replicas = 2\nakka.cluster.split-brain-resolver.stable-after = 60s");
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        var first = await cluster.StartAsync(3);
        var second = await cluster.StartAsync(3);
        var cut = await cluster.StartAsync(3);
        await cluster.WarmEverywhere(replicas: 2);
        var shards = cut.State.Shards;

        await Separate(cut, [engine, first, second], apart: true);
        await cluster.Until(() => Phase(engine, cut) == NodePhase.Unreachable, "the engine sees that it cannot be reached");
        Assert.All(shards, shard =>
        {
            var hosts = engine.Cluster.Directory.HostsOf(shard);
            Assert.Equal(2, hosts.Count);
            Assert.Equal(cut.Name, hosts[^1].Node);
        });

        await Separate(cut, [engine, first, second], apart: false);
        await cluster.Until(() => Phase(engine, cut) == NodePhase.Ready, "it is back");
        await cluster.Until(() => cut.State.Shards.SequenceEqual(shards), "it has let go of what it stood in for while it saw nobody");
        Assert.All(shards, shard => Assert.Equal([$"+{shard}"], cut.Host.Log.Where(entry => entry[1..] == $"{shard}")));
        Assert.False(cut.Cluster.Downed.IsCompleted);
    }

    [Fact]
    public async Task An_engine_and_a_node_that_cannot_hear_each_other_cost_the_engine_alone()
    {
        // As long as it really is: the two lose each other at moments of their own.
        await using var cluster = new TestCluster(shards: 3, Injector + "\nakka.cluster.split-brain-resolver.stable-after = 3s");
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        var first = await cluster.StartAsync(3);
        var second = await cluster.StartAsync(3);
        var third = await cluster.StartAsync(3);
        await cluster.WarmEverywhere();

        await Separate(engine, [first], apart: true);

        await cluster.Until(() => engine.Cluster.Downed.IsCompleted, "the engine is told that it must end");
        await cluster.Until(() => second.Cluster.Nodes.Count == 3, "the engine is removed");
        await cluster.Until(() => Phase(second, first) == NodePhase.Ready, "what the engine said of the node is gone with it");
        Assert.All([first, second, third], node => Assert.False(node.Cluster.Downed.IsCompleted));
    }

    private static NodePhase? Phase(TestNode seenBy, TestNode node) => seenBy.Cluster.Nodes.FirstOrDefault(state => state.Node == node.Name)?.Phase;

    private static async Task Separate(TestNode one, TestNode[] others, bool apart)
    {
        foreach (var other in others)
        {
            await Filter(one, other, apart);
            await Filter(other, one, apart);
        }
    }

    private static async Task Filter(TestNode from, TestNode to, bool apart)
    {
        var transport = ((IRemoteActorRefProvider)((ExtendedActorSystem)from.Cluster.System).Provider).Transport;
        var bare = AkkaCluster.Get(to.Cluster.System).SelfAddress.WithProtocol("akka.tcp");
        Assert.True(await transport.ManagementCommand(new FailureInjectorTransportAdapter.One(
            bare, apart ? new FailureInjectorTransportAdapter.Drop(1, 1) : FailureInjectorTransportAdapter.PassThru.Instance)));
    }
}
