using Pipeline.EndToEnd.Tests.Processes;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>Captions over expert processes that are killed, stopped, joined and asked to leave meanwhile: always those of one process.</summary>
[Collection(TimedCollection.Name)]
public sealed class FaultTests(FaultTests.OneProcess one, ITestOutputHelper output) : IClassFixture<FaultTests.OneProcess>
{
    private const int Shards = 4;

    private static readonly int Clips = TestCampaign.IsLong ? 40 : 12;

    [Fact]
    public async Task Four_shards_over_three_processes_answer_as_one_process_does()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);

        Assert.Equal((0, ""), await run.EndAsync());

        Assert.Equal(one.Lines, run.Lines);
        Assert.Equal([0, 1, 2, 3], (await cluster.ShardsAsync()).SelectMany(node => node.Shards).Order());
    }

    [Fact]
    public async Task Killed_experts_with_a_second_copy_are_not_noticed()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 2);
        await KillAsync(cluster, replicas: 2, restart: false);
    }

    [Fact]
    public async Task Killed_experts_without_a_second_copy_are_waited_for()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);
        await KillAsync(cluster, replicas: 1, restart: true);
    }

    [Fact]
    public async Task A_node_that_stands_still_for_a_while_delays_and_changes_nothing()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
        await run.ReadAsync(results: 5);
        cluster.Nodes[1].Signal("STOP");
        await run.ReadAsync(results: 6);
        cluster.Nodes[1].Signal("CONT");

        Assert.Equal((0, ""), await run.EndAsync());
        Assert.Equal(one.Lines, run.Lines);
        output.WriteLine($"stopped: longest pause {run.LongestPause.TotalMilliseconds:0} ms");
    }

    [Fact]
    public async Task Nodes_may_join_and_leave()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 2, Shards, replicas: 1);
        for (var round = 0; round < TestCampaign.Iterations(1); round++)
        {
            using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
            await run.ReadAsync(results: 2);
            await cluster.JoinAsync();
            await run.ReadAsync(results: Clips / 2);
            var leaving = cluster.Nodes[0];
            leaving.Signal("TERM");

            Assert.Equal((0, ""), await run.EndAsync());
            Assert.Equal(one.Lines, run.Lines);
            Assert.Equal(0, (await leaving.EndAsync()).ExitCode);
            cluster.Remove(leaving);
            await cluster.IsWholeAsync(Shards);
            output.WriteLine($"join and leave: longest pause {run.LongestPause.TotalMilliseconds:0} ms");
        }
    }

    /// <summary>Kills a node at a random moment of a run; then the others hold what it held, or another starts.</summary>
    private async Task KillAsync(ExpertCluster cluster, int replicas, bool restart)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < TestCampaign.Iterations(1); round++)
        {
            using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
            await run.ReadAsync(results: random.Next(1, Clips / 2));
            var killed = cluster.Nodes[random.Next(cluster.Nodes.Count)];
            killed.Signal("KILL");
            await killed.EndAsync();
            cluster.Remove(killed);
            if (restart)
            {
                await cluster.JoinAsync();
            }

            var (exitCode, error) = await run.EndAsync();
            Assert.True(exitCode == 0, $"seed {seed}, round {round}: exit code {exitCode}: {error}");
            Assert.Equal(one.Lines, run.Lines);
            output.WriteLine($"seed {seed}, round {round}, {replicas} copies: longest pause {run.LongestPause.TotalMilliseconds:0} ms");
            if (!restart)
            {
                await cluster.JoinAsync();
            }

            await cluster.IsWholeAsync(Shards * replicas);
        }
    }

    /// <summary>What one process answers.</summary>
    public sealed class OneProcess : IAsyncLifetime
    {
        internal string[] Files { get; } =
            [.. Directory.GetFiles(Path.Join(SharedData.Root, "tests", "data", "eval"), "*.mp4").Order(StringComparer.Ordinal).Take(Clips)];

        internal IReadOnlyList<string> Lines { get; private set; } = [];

        public async Task InitializeAsync()
        {
            using var run = CaptionProcess.Start(Files);
            Assert.Equal((0, ""), await run.EndAsync());
            Lines = run.Lines;
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
