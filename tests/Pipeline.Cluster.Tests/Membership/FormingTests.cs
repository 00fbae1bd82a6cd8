using Akka.Event;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

public sealed class FormingTests
{
    [Fact]
    public async Task Nodes_form_a_cluster_and_know_each_others_state_and_have_the_first_ones_shard_map_and_replicas()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 2");
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        Assert.Contains("no expert node", engine.Cluster.Directory.Unplaced(0), StringComparison.Ordinal);
        await Task.WhenAll(cluster.StartAsync(4, settings: "pipeline.experts.replicas = 2"), cluster.StartAsync(4, settings: "pipeline.experts.replicas = 3"));

        await cluster.WarmEverywhere();

        Assert.All(cluster.Nodes, node => Assert.Equal(cluster.Map.Digest, node.Cluster.ShardMap.Digest));
        Assert.All(cluster.Nodes, node => Assert.Equal(1, node.Cluster.Replicas));
        var seen = engine.Cluster.Nodes;
        Assert.Equal(cluster.Nodes.Select(node => node.Name).Order(StringComparer.Ordinal), seen.Select(node => node.Node));
        Assert.All(seen, node => Assert.Equal(NodePhase.Ready, node.Phase));
        Assert.All(seen.Where(node => node.Roles == NodeRoles.Expert), node => Assert.Equal(2, node.Shards.Length));
        Assert.Empty(engine.Cluster.Unplaced);

        // Nodes that were there before the first placement share from the start: nobody loads what it gives away again.
        Assert.All(cluster.Nodes.Skip(1), node => Assert.Equal(2, node.Host.Log.Count));
    }

    [Fact]
    public async Task Another_model_is_refused_by_name_on_both_sides()
    {
        await using var cluster = new TestCluster(shards: 2);
        var first = await cluster.StartAsync(2);
        var warnings = new System.Collections.Concurrent.ConcurrentQueue<string>();
        first.Cluster.System.EventStream.Subscribe(first.Cluster.System.ActorOf(Recorder.Props(warnings)), typeof(Warning));

        var refused = await Assert.ThrowsAsync<PipelineException>(() => cluster.StartAsync(2, digest: "d2"));

        Assert.Equal("cluster.refused", refused.Code);
        Assert.Contains("d1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("d2", refused.Message, StringComparison.Ordinal);
        Assert.Contains(first.Name, refused.Message, StringComparison.Ordinal);
        await cluster.Until(() => warnings.Any(text => text.Contains("d2", StringComparison.Ordinal) && text.Contains("d1", StringComparison.Ordinal)), "the member names who it refused");
        Assert.Single(first.Cluster.Nodes);
    }

    [Fact]
    public async Task Where_nobody_answers_the_address_is_named()
    {
        await using var cluster = new TestCluster(shards: 2, "pipeline.cluster.join-deadline = 1s");

        var failure = await Assert.ThrowsAsync<PipelineException>(() => cluster.StartAsync(2, join: "127.0.0.1:9"));

        Assert.Equal("cluster.unreachable", failure.Code);
        Assert.Equal(FailureKind.Outside, failure.Kind);
        Assert.Contains("127.0.0.1:9", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using var cluster = new TestCluster(shards: 2);
        var first = await cluster.StartAsync(2);
        var port = first.Name.Split(':')[1];

        var failure = await Assert.ThrowsAsync<PipelineException>(() => cluster.StartAsync(2, settings: $"pipeline.cluster.port = {port}"));

        Assert.Equal("cluster.bind", failure.Code);
        Assert.Contains(port, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_of_the_join_list_forms_the_cluster_once_most_of_the_list_is_there()
    {
        await using var cluster = new TestCluster(shards: 2);
        var (one, other) = (FreePort(), FreePort());
        var list = $"127.0.0.1:{one},127.0.0.1:{other},127.0.0.1:9";

        var started = await Task.WhenAll(
            cluster.StartAsync(2, settings: $"pipeline.cluster.port = {one}", join: list), cluster.StartAsync(2, settings: $"pipeline.cluster.port = {other}", join: list));

        await cluster.Until(() => started.All(node => node.Cluster.Nodes.Count == 2), "both are in one cluster");
    }

    [Fact]
    public async Task The_first_of_the_join_list_forms_no_second_cluster_while_it_is_cut_off()
    {
        await using var cluster = new TestCluster(shards: 2, "pipeline.cluster.join-deadline = 1s");
        var port = FreePort();

        var failure = await Assert.ThrowsAsync<PipelineException>(
            () => cluster.StartAsync(2, settings: $"pipeline.cluster.port = {port}", join: $"127.0.0.1:{port},127.0.0.1:9,127.0.0.1:10"));

        Assert.Equal(("cluster.too-few", FailureKind.Outside), (failure.Code, failure.Kind));
        Assert.Contains("1 of the 3 nodes of pipeline.cluster.join is there, and 2 must be", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_outside_can_ask_for_nodes_and_unplaced_shards()
    {
        await using var cluster = new TestCluster(shards: 3, "pipeline.cluster.gather-deadline = 1s");
        var first = await cluster.StartAsync(2);
        await cluster.Until(() => first.State.Shards.Length == 2 && first.Cluster.Unplaced is [{ MissingBytes: > 0 }], "what fits is placed, and the rest is known");
        var config = TestCluster.Layered($"pipeline.cluster.join = \"{first.Name}\"");
        var options = Engine.Configuration.OptionsBinder.Bind<ClusterOptions>(config, "pipeline.cluster");

        var summary = await ClusterQuery.NodesAsync(options, config.Merged, CancellationToken.None);

        var node = Assert.Single(summary.Nodes);
        Assert.Equal(first.Name, node.Node);
        Assert.Equal(2, node.Shards.Length);
        Assert.Equal(2 * TestCluster.ShardBytes, node.HeldBytes);
        var unplaced = Assert.Single(summary.Unplaced);
        Assert.Equal(TestCluster.ShardBytes, unplaced.MissingBytes);
        Assert.Contains("8.0 MB", unplaced.Reason, StringComparison.Ordinal);
        Assert.Equal(unplaced.Reason, first.Cluster.Directory.Unplaced(unplaced.Shard));
        Assert.Empty(summary.Thin);
    }

    [Fact]
    public async Task Somebody_outside_is_told_of_which_shards_copies_are_missing()
    {
        await using var cluster = new TestCluster(shards: 2, "pipeline.experts.replicas = 2");
        var first = await cluster.StartAsync(2);
        await cluster.WarmEverywhere();
        var config = TestCluster.Layered($"pipeline.cluster.join = \"{first.Name}\"");
        var options = Engine.Configuration.OptionsBinder.Bind<ClusterOptions>(config, "pipeline.cluster");

        var thin = await ClusterQuery.NodesAsync(options, config.Merged, CancellationToken.None);
        Assert.Empty(thin.Unplaced);
        Assert.Equal([new ThinShard(0, 1, 2), new ThinShard(1, 1, 2)], thin.Thin);

        await cluster.StartAsync(2);
        await cluster.WarmEverywhere(replicas: 2);
        Assert.Empty((await ClusterQuery.NodesAsync(options, config.Merged, CancellationToken.None)).Thin);
    }

    [Fact]
    public async Task A_message_that_cannot_be_handled_costs_neither_the_nodes_voice_nor_its_shards()
    {
        await using var cluster = new TestCluster(shards: 2);
        var (first, second) = (await cluster.StartAsync(2), await cluster.StartAsync(2));
        await cluster.Until(() => first.State.Shards.Length == 1 && second.State.Shards.Length == 1, "each has one");

        // Neither can cross the wire: they stand for whatever goes wrong in here.
        foreach (var actor in new[] { ClusterProtocol.Actor, "shards" })
        {
            second.Cluster.System.ActorSelection($"/user/{actor}").Tell(actor == "shards" ? new Pipeline.Cluster.Placement.WarmOrders(null!) : new PlacementNews("x", null!, [], [], []));
        }

        var told = second.State.Sequence;
        await cluster.Until(
            () => first.Cluster.Nodes.Single(node => node.Node == second.Name) is { Phase: NodePhase.Ready, Shards.Length: 1 } state && state.Sequence > told + 20,
            "it is heard as before");
        Assert.Single(second.Host.Held);
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Recorder : Akka.Actor.ReceiveActor
    {
        public Recorder(System.Collections.Concurrent.ConcurrentQueue<string> texts) => Receive<Warning>(warning => texts.Enqueue(warning.ToString()));

        public static Akka.Actor.Props Props(System.Collections.Concurrent.ConcurrentQueue<string> texts) => Akka.Actor.Props.Create(() => new Recorder(texts));
    }
}
