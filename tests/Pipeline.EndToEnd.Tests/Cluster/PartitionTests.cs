using Pipeline.EndToEnd.Tests.Processes;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>Three expert nodes and a run on hosts of their own, one of whose cables is pulled.</summary>
[Collection(TimedCollection.Name)]
public sealed class PartitionTests(FaultTests.OneProcess one) : IClassFixture<FaultTests.OneProcess>
{
    private const int RunsHost = 4;

    private static readonly string s_first = $"{NetworkHosts.Address(1)}:4053";
    private static readonly string[] s_trusted = ["--set", $"pipeline.cluster.trusted={NetworkHosts.Network}"];
    private static readonly string[] s_expert = ["--role", "expert", "--http", "", "--memory", "1GB", .. s_trusted];

    [NetworkHostsFact]
    public async Task A_node_that_is_cut_off_is_removed_and_ends_and_the_captions_are_right()
    {
        using var hosts = new NetworkHosts(RunsHost);
        using var first = await FirstAsync(hosts);
        using var cut = await FurtherAsync(hosts, 2);
        using var third = await FurtherAsync(hosts, 3);
        using var run = await RunAsync(hosts);

        hosts.Pull(2);

        Assert.Equal((0, ""), await run.EndAsync());
        Assert.Equal(one.Lines, run.Lines);
        var ended = await cut.EndAsync();
        Assert.Equal(3, ended.ExitCode);
        Assert.StartsWith($"error: the cluster has removed {NetworkHosts.Address(2)}:4053: ", ended.Error, StringComparison.Ordinal);
    }

    [NetworkHostsFact]
    public async Task A_run_that_is_cut_off_ends_with_the_reason()
    {
        using var hosts = new NetworkHosts(RunsHost);
        using var first = await FirstAsync(hosts);
        using var second = await FurtherAsync(hosts, 2);
        using var third = await FurtherAsync(hosts, 3);
        using var run = await RunAsync(hosts);

        hosts.Pull(RunsHost);

        var (exitCode, error) = await run.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.StartsWith($"error: the cluster has removed {NetworkHosts.Address(RunsHost)}:", error, StringComparison.Ordinal);
        Assert.Equal(one.Lines.Take(run.Lines.Count), run.Lines);
    }

    private static Task<NodeProcess> FirstAsync(NetworkHosts hosts) =>
        NodeProcess.StartOnAsync(hosts.On(1), [.. s_expert, "--listen", s_first, "--shards", "4", "--set", "pipeline.cluster.minimum-experts=3"]);

    /// <summary>A node that is told no address of its own.</summary>
    private static Task<NodeProcess> FurtherAsync(NetworkHosts hosts, int host) => NodeProcess.StartOnAsync(hosts.On(host), [.. s_expert, "--join", s_first]);

    private async Task<CaptionProcess> RunAsync(NetworkHosts hosts)
    {
        var run = CaptionProcess.StartOn(hosts.On(RunsHost), ["--join", s_first, .. s_trusted, .. one.Files]);
        await run.HasAsync(results: 3);
        return run;
    }
}
