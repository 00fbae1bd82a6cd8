using Pipeline.EndToEnd.Tests.Processes;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>Captions over expert processes that are killed, stopped, joined and asked to leave meanwhile: always those of one process.</summary>
[Collection(TimedCollection.Name)]
public sealed class FaultTests(FaultTests.OneProcess one, ITestOutputHelper output) : IClassFixture<FaultTests.OneProcess>
{
    private const int Shards = 4;

    /// <summary>Nobody is removed as long as a test lasts: what it shows is done without that.</summary>
    private static readonly string[] s_patient = ["--set", "akka.cluster.split-brain-resolver.stable-after=120s"];

    /// <summary>The reference's <c>experts.resend-after</c>.</summary>
    private static readonly TimeSpan s_resendAfter = TimeSpan.FromSeconds(2);

    private static readonly int Clips = TestCampaign.IsLong ? 40 : 12;

    [Fact]
    public async Task Four_shards_over_three_processes_answer_as_one_process_does()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);

        Assert.Equal((0, ""), await run.EndAsync());

        Assert.Equal(one.Lines, run.Lines);
        Assert.Equal([0, 1, 2, 3], (await cluster.ExpertsAsync()).SelectMany(node => node.Shards).Order());
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
    public async Task A_node_that_stands_still_is_stood_in_for_and_is_used_again_when_it_goes_on()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1, s_patient);
        var stopped = cluster.Nodes[1];
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. s_patient, .. one.Files]);
        await run.HasAsync(results: 3);
        stopped.Signal("STOP");
        await cluster.IsSeenAsync(stopped, node => node.State == "unreachable", "is out of reach");
        await run.HasAsync(Math.Min(run.Lines.Count + 1, Clips));
        stopped.Signal("CONT");

        Assert.Equal((0, ""), await run.EndAsync());
        Assert.Equal(one.Lines, run.Lines);
        Tell("stopped until it was out of reach", run);
        await cluster.IsWholeAsync(Shards);
        await IsUsedAsync(cluster, stopped);
    }

    [Fact]
    public async Task A_node_that_answers_late_again_and_again_delays_and_changes_nothing()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
        await run.HasAsync(results: 1);
        var ended = run.EndAsync();
        var stops = 0;
        while (!ended.IsCompleted)
        {
            // Too short to be taken for dead, and long enough to be in the way of each step.
            cluster.Nodes[2].Signal("STOP");
            await Task.Delay(300);
            cluster.Nodes[2].Signal("CONT");
            await Task.WhenAny(ended, Task.Delay(100));
            stops++;
        }

        Assert.Equal((0, ""), await ended);
        Assert.Equal(one.Lines, run.Lines);
        await cluster.IsSeenAsync(cluster.Nodes[2], node => node is { State: "ready", Shards.Length: > 0 }, "is a member as before");
        Tell($"stopped {stops} times", run);
    }

    [Fact]
    public async Task A_killed_node_that_comes_back_under_its_name_is_used_again()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
        await run.HasAsync(results: 2);
        var killed = cluster.Nodes[1];
        killed.Signal("KILL");
        await killed.EndAsync();
        cluster.Remove(killed);
        var back = await cluster.JoinAsync(killed.Name);

        Assert.Equal((0, ""), await run.EndAsync());
        Assert.Equal(one.Lines, run.Lines);
        Assert.Equal(killed.Name, back.Name);
        await cluster.IsWholeAsync(Shards);
        await IsUsedAsync(cluster, back);
    }

    [Fact]
    public async Task A_killed_engine_is_forgotten_and_its_run_goes_on_where_it_was()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 2, Shards, replicas: 1);
        using var folder = new TemporaryFolder();
        string[] arguments = ["--join", cluster.Name, "--quiet", "--output", folder.Path + "/", "--skip-existing", .. one.Files];
        using (var killed = CaptionProcess.Start(arguments))
        {
            await Eventually.IsTrue(() => Results().Length >= 2, "some clips are captioned");
            killed.Kill();
        }

        var done = Results();
        Assert.InRange(done.Length, 2, Clips - 1);
        using var other = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
        Assert.Equal((0, ""), await other.EndAsync());
        Assert.Equal(one.Lines, other.Lines);
        Assert.InRange(other.LongestWait, TimeSpan.Zero, s_resendAfter);
        Tell("after a killed engine", other);

        var before = done.Select(File.GetLastWriteTimeUtc).ToArray();
        using var again = CaptionProcess.Start(arguments);
        Assert.Equal((0, ""), await again.EndAsync());
        Assert.Equal(before, done.Select(File.GetLastWriteTimeUtc));
        Assert.Equal(one.Lines.Select(WithoutIndex), Results().Select(file => WithoutIndex(CaptionProcess.WithoutTimes(File.ReadAllText(file).TrimEnd()))));

        string[] Results() => [.. Directory.GetFiles(folder.Path, "*.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

        // What stands before is the version and the index, and a run counts its own inputs.
        static string WithoutIndex(string line) => line[line.IndexOf("\"source\"", StringComparison.Ordinal)..];
    }

    [Fact]
    public async Task An_engine_killed_while_a_node_stands_still_takes_nobody_with_it()
    {
        // Long enough that the node goes on before anybody would be removed for standing still.
        string[] slowly = ["--set", "akka.cluster.split-brain-resolver.stable-after=8s"];
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1, slowly);
        var stopped = cluster.Nodes[1];
        using (var killed = CaptionProcess.Start(["--join", cluster.Name, .. slowly, .. one.Files]))
        {
            await killed.HasAsync(results: 1);
            stopped.Signal("STOP");
            await cluster.IsSeenAsync(stopped, node => node.State == "unreachable", "is out of reach");
            killed.Kill();
            stopped.Signal("CONT");
        }

        // Whatever the engine last said of the node goes with it.
        await Eventually.IsTrue(() => cluster.MembersAsync().Result.All(member => member.GetProperty("roles")[0].GetString() == "expert"), "the engine is removed");
        Assert.Equal(cluster.Nodes.Count, (await cluster.MembersAsync()).Count);
        await cluster.IsWholeAsync(Shards);
        await IsUsedAsync(cluster, stopped);
    }

    [Fact]
    public async Task Nodes_may_join_and_leave_and_nothing_is_asked_twice()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 2, Shards, replicas: 1);
        using (var undisturbed = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]))
        {
            Assert.Equal((0, ""), await undisturbed.EndAsync());
            Tell("undisturbed", undisturbed);
        }

        for (var round = 0; round < (TestCampaign.IsLong ? 10 : 1); round++)
        {
            using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
            await run.HasAsync(results: 2);
            await cluster.JoinAsync();
            await run.HasAsync(results: Clips / 2);
            var leaving = cluster.Nodes[0];
            leaving.Signal("TERM");

            Assert.Equal((0, ""), await run.EndAsync());
            Assert.Equal(one.Lines, run.Lines);
            Assert.InRange(run.LongestWait, TimeSpan.Zero, s_resendAfter);
            Assert.Equal(0, (await leaving.EndAsync()).ExitCode);
            cluster.Remove(leaving);
            await cluster.IsWholeAsync(Shards);
            Tell($"round {round}, join and leave", run);
        }
    }

    /// <summary>Captions until a node has computed rows for it.</summary>
    private async Task IsUsedAsync(ExpertCluster cluster, NodeProcess node)
    {
        using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files.Take(Clips / 2)]);
        var ended = run.EndAsync();
        await cluster.IsSeenAsync(node, seen => seen is { State: "ready", Shards.Length: > 0, RowsPerSecond: > 0 }, "computes rows");
        Assert.Equal((0, ""), await ended);
        Assert.Equal(one.Lines.Take(Clips / 2), run.Lines);
    }

    /// <summary>Kills a node at a random moment of a run; then the others hold what it held, or another starts.</summary>
    private async Task KillAsync(ExpertCluster cluster, int replicas, bool restart)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < TestCampaign.Iterations(1); round++)
        {
            using var run = CaptionProcess.Start(["--join", cluster.Name, .. one.Files]);
            await run.HasAsync(results: random.Next(1, Clips / 2));
            var killed = cluster.Nodes[random.Next(cluster.Nodes.Count)];
            await Task.Delay(random.Next(300)); // results come in bunches: any moment between them
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
            Tell($"seed {seed}, round {round}, killed with {replicas} copies", run);
            if (!restart)
            {
                await cluster.JoinAsync();
            }

            await cluster.IsWholeAsync(Shards, replicas);
        }
    }

    private void Tell(string what, CaptionProcess run) => output.WriteLine(
        $"{what}: longest pause between results {run.LongestPause.TotalMilliseconds:0} ms, longest wait of a step {run.LongestWait.TotalMilliseconds:0} ms");

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
