using System.Net;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

public sealed class HandshakeTests
{
    private static readonly ExpertsOptions Brief = WireLab.DefaultOptions with { Deadline = TimeSpan.FromMilliseconds(300) };

    [Theory]
    [InlineData("checkpoint", "engine has another model than node 1: digest checkpoint, not foreign")]
    [InlineData("map", "engine divides the experts in another way than node 1")]
    [InlineData("path", "engine computes with AVX, node 1 with foreign; pipeline.experts.mixed-paths = true")]
    [InlineData("frame", "engine has pipeline.experts.frame-bytes = 4096, node 1 has 8192")]
    public async Task A_node_that_differs_is_refused_by_name(string what, string reason)
    {
        await using var lab = new WireLab();
        var identity = what switch
        {
            "checkpoint" => lab.Identity with { Checkpoint = "foreign" },
            "map" => lab.Identity with { ShardMap = "foreign" },
            "path" => lab.Identity with { InstructionPath = "foreign" },
            _ => lab.Identity with { FrameBytes = 8192 },
        };
        var node = lab.AddNode(identity: identity);
        lab.Directory.Set(node.Host);
        var pass = lab.AddPass();

        var ticket = pass.Begin(new Random(1), layer: 0, rows: 4);
        await Eventually.IsTrue(() => lab.Client.Table.TroubleWith(node.Host) is not null, "the connection was refused");
        pass.Experts.Abandon(ticket);

        // The node looks first: seen from there, the engine is the foreign one.
        var trouble = lab.Client.Table.TroubleWith(node.Host)!;
        Assert.Contains(reason, trouble, StringComparison.Ordinal);
        Assert.Contains("node 1", trouble, StringComparison.Ordinal);
        await Eventually.IsTrue(() => node.Listener.Meters.Refused > 0, "it is counted");
        Assert.Equal(0, node.Store.Served);
    }

    [Fact]
    public async Task Mixed_paths_serve_where_they_may()
    {
        await using var lab = new WireLab(WireLab.DefaultOptions with { MixedPaths = true });
        var node = lab.AddNode(identity: lab.Identity with { InstructionPath = "foreign" });
        lab.Directory.Set(node.Host with { InstructionPath = "foreign" });

        await lab.AddPass().StepAsync(new Random(1), layer: 0, rows: 4);
    }

    [Fact]
    public async Task A_host_of_another_path_is_not_even_asked()
    {
        await using var lab = new WireLab(Brief);
        var node = lab.AddNode();
        lab.Directory.Set(node.Host with { InstructionPath = "foreign" });
        var pass = lab.AddPass();

        var failure = await Assert.ThrowsAsync<PipelineException>(() => pass.StepAsync(new Random(1), layer: 0, rows: 4));

        Assert.Contains("pipeline.experts.mixed-paths", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, node.Listener.Meters.Refused);
    }

    [Fact]
    public async Task A_listener_without_a_store_is_asked_again_until_it_has_one()
    {
        await using var lab = new WireLab();
        using var store = new TestStore();
        await using var listener = ExpertListener.Bind(IPAddress.Loopback, 0, lab.Options);
        lab.Directory.Set(new ExpertHost("late", "127.0.0.1", listener.Port, lab.Identity.InstructionPath));
        var pass = lab.AddPass();

        var ticket = pass.Begin(new Random(1), layer: 0, rows: 4);
        await Eventually.IsTrue(() => listener.Meters.Refused > 1, "the node was asked again");
        listener.Serve(lab.Identity with { Node = "late" }, lab.Map, store.Enqueue);
        await pass.EndAsync(ticket);
        await lab.Client.DisposeAsync();
    }

    [Fact]
    public async Task Connections_beyond_the_bound_are_refused()
    {
        await using var lab = new WireLab(WireLab.DefaultOptions with { Connections = 1 });
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        await lab.AddPass().StepAsync(new Random(1), layer: 0, rows: 4);

        await using var other = new WireLab();
        other.Directory.Set(node.Host);
        var turnedAway = other.AddPass();
        var ticket = turnedAway.Begin(new Random(1), layer: 0, rows: 4);
        await Eventually.IsTrue(() => node.Listener.Meters.Refused > 0, "the second connection was refused");
        turnedAway.Experts.Abandon(ticket);
        await lab.AddPass().StepAsync(new Random(2), layer: 1, rows: 4);
    }

    [Fact]
    public void A_port_that_is_taken_is_named()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var failure = Assert.Throws<PipelineException>(() => ExpertListener.Bind(IPAddress.Loopback, port, WireLab.DefaultOptions));

        Assert.Contains($"127.0.0.1:{port}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_fits_no_frame_is_refused_with_the_bytes_it_takes()
    {
        var identity = new WireIdentity("engine", "c", "m", "p", Hidden: 2000, Slots: 1, FrameBytes: 4096);

        var failure = Assert.Throws<PipelineException>(() => new RowSplitter(null!, identity, null!, null!));

        Assert.Contains("8068", failure.Hint, StringComparison.Ordinal);
    }
}
