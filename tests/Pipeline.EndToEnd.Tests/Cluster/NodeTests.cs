using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Pipeline.EndToEnd.Tests.Processes;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>Nodes as processes, from the ready line to the exit code.</summary>
[Collection(TimedCollection.Name)]
public sealed class NodeTests
{
    private const string Clip = "samples/fish-and-robot.mp4";
    private const string Caption = "A fish bounces while a robot shrinks on a purple background.\n";

    [Fact]
    public async Task Experts_on_two_nodes_caption_for_an_engine_that_joins_and_leave_when_asked()
    {
        using var first = await NodeProcess.StartAsync("--role", "expert", "--shards", "4", "--set", "pipeline.cluster.minimum-experts=2");
        using var second = await NodeProcess.StartAsync("--role", "expert", "--join", first.Name);

        var caption = await Cli.RunAsync("caption", "--join", first.Name, Clip);
        Assert.Equal((0, Caption, ""), (caption.ExitCode, caption.Output, caption.Error));

        var nodes = await Cli.RunAsync("nodes", "--join", second.Name, "--json");
        Assert.Equal((0, ""), (nodes.ExitCode, nodes.Error));
        var listed = JsonElement.Parse(nodes.Output).GetProperty("nodes").EnumerateArray()
            .Where(node => node.GetProperty("roles")[0].GetString() == "expert")
            .ToDictionary(node => node.GetProperty("node").GetString()!, node => node.GetProperty("shards").EnumerateArray().Select(shard => shard.GetInt32()).ToArray());
        Assert.Equal(new[] { first.Name, second.Name }.Order(StringComparer.Ordinal), listed.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([0, 1, 2, 3], listed.Values.SelectMany(shards => shards).Order());
        Assert.All(listed.Values, shards => Assert.Equal(2, shards.Length));

        foreach (var node in new[] { second, first })
        {
            node.Signal("TERM");
            Assert.Equal((0, "", ""), await node.EndAsync() is var end ? (end.ExitCode, end.Output, end.Error) : default);
        }
    }

    [Fact]
    public async Task An_engine_node_answers_http_and_says_what_it_waits_for()
    {
        using var engine = await NodeProcess.StartAsync("--role", "engine", "--shards", "4");
        using var http = new HttpClient { BaseAddress = new Uri(engine.Ready.GetProperty("http").GetString()!) };

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
        var waiting = await http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, waiting.StatusCode);
        Assert.Contains("shard 0 has no place", await waiting.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var expert = await NodeProcess.StartAsync("--role", "expert", "--join", engine.Name);
        await Eventually.IsTrue(() => http.GetAsync("/health/ready").Result.IsSuccessStatusCode, "all shards have a place");
        using var film = new ByteArrayContent(await File.ReadAllBytesAsync(Path.Join(SharedData.Root, Clip)));
        var caption = await http.PostAsync("/v1/captions", film);
        Assert.Contains(Caption.Trim(), await caption.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_its_starters_ends_with_its_standard_input()
    {
        using var node = await NodeProcess.StartAsync("--role", "expert", "--until-closed");
        node.CloseInput();

        Assert.Equal((0, ""), await node.EndAsync(seconds: 5) is var end ? (end.ExitCode, end.Error) : default);
    }

    [Fact]
    public async Task What_keeps_a_node_from_starting_is_told_with_exit_code_3()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await FailsAsync($"127.0.0.1:{port} cannot be bound", "--listen", $"127.0.0.1:{port}");
        await FailsAsync($"127.0.0.1:{port} cannot be bound", "--listen", "127.0.0.1:0", "--data-port", $"{port}");
        await FailsAsync("no member of a cluster answers at 127.0.0.1:1 within 1 s", "--listen", "127.0.0.1:0", "--join", "127.0.0.1:1", "--set", "pipeline.cluster.join-deadline=1s");
        await FailsAsync("pipeline.cluster.bind: 192.0.2.1 is neither loopback nor in a trusted network", "--listen", "192.0.2.1:0");
        await FailsAsync("50,000,000 bytes of memory leave nothing for experts", "--listen", "127.0.0.1:0", "--memory", "50MB");
        await FailsAsync("this node offers 1,000,000 bytes for experts, and the smallest", "--listen", "127.0.0.1:0", "--set", "pipeline.experts.memory-bytes=1MB");

        static async Task FailsAsync(string message, params string[] arguments)
        {
            var result = await NodeProcess.FailAsync(["--role", "expert", .. arguments]);
            Assert.StartsWith("error: " + message, result.Error, StringComparison.Ordinal);
            Assert.Contains("\nhint: ", result.Error, StringComparison.Ordinal);
            Assert.Equal((3, ""), (result.ExitCode, result.Output));
        }
    }

    [Fact]
    public async Task Another_models_node_is_refused_by_name()
    {
        using var first = await NodeProcess.StartAsync("--role", "expert");

        var other = await NodeProcess.FailAsync("--role", "expert", "--listen", "127.0.0.1:0", "--join", first.Name, "--model", "tests/data/goldens/top2");

        Assert.Equal(3, other.ExitCode);
        Assert.StartsWith("error: the cluster does not let this node in: ", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no --role given")]
    [InlineData("--role wizard: expected one of engine, expert", "--role", "wizard")]
    [InlineData("--listen 4101: expected HOST:PORT", "--role", "expert", "--listen", "4101")]
    [InlineData("--join a:0: expected HOST:PORT", "--role", "expert", "--join", "a:0")]
    [InlineData("--memory much: expected a size such as 24GB", "--role", "expert", "--memory", "much")]
    public async Task A_wrong_command_line_is_refused_by_name(string message, params string[] arguments)
    {
        var result = await Cli.RunAsync(["node", .. arguments]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: " + message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_to_ask_is_told()
    {
        var silent = await Cli.RunAsync("nodes", "--join", "127.0.0.1:1", "--set", "pipeline.cluster.join-deadline=1s");

        Assert.Equal((3, ""), (silent.ExitCode, silent.Output));
        Assert.StartsWith("error: no member of a cluster answers at 127.0.0.1:1 within 1 s", silent.Error, StringComparison.Ordinal);
        Assert.StartsWith("error: no --join given", (await Cli.RunAsync("nodes")).Error, StringComparison.Ordinal);
    }
}
