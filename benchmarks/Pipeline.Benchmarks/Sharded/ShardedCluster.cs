using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Wire;
using Pipeline.Composition;
using Pipeline.Engine.Running;
using Pipeline.Kernels;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>Expert processes on loopback, with this process as an engine among them.</summary>
internal sealed class ShardedCluster : IAsyncDisposable
{
    private readonly DeviceLane _lane;
    private readonly Settings _settings;
    private readonly WireIdentity _identity;

    private ShardedCluster(List<ExpertProcess> nodes, DeviceLane lane, ClusterMember member, Settings settings, Checkpoint checkpoint, string path)
    {
        (Nodes, _lane, Member, _settings) = (nodes, lane, member, settings);
        var (map, text) = (member.Node.ShardMap, checkpoint.Config.Text);
        _identity = new WireIdentity(
            member.Node.Name, checkpoint.Digest, map.Digest, path, text.HiddenSize, text.ExpertsPerToken, settings.Options.Experts.FrameBytes);
    }

    public IReadOnlyList<ExpertProcess> Nodes { get; }

    public ClusterMember Member { get; }

    /// <summary>Starts the processes and waits until every shard is held.</summary>
    /// <param name="load">Loads this process's settings, given more of them.</param>
    public static async Task<ShardedCluster> StartAsync(ShardedPlan plan, Checkpoint checkpoint, CpuTeam team, Func<string[], Settings> load)
    {
        var nodes = new List<ExpertProcess>();
        while (nodes.Count < plan.Nodes)
        {
            nodes.Add(await ExpertProcess.StartAsync(plan, nodes.FirstOrDefault()?.Name));
        }

        var settings = load([$"pipeline.cluster.join={nodes[0].Name}"]);
        var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), settings.Options.Engine.Slice);
        var member = await ClusterMember.StartAsync(settings, NodeRoles.Engine, checkpoint, lane, CancellationToken.None);
        while (member.Node.Unplaced.Count > 0 || member.Node.Nodes.Any(node => node.Warming.Length > 0))
        {
            await Task.Delay(100);
        }

        return new ShardedCluster(nodes, lane, member, settings, checkpoint, await lane.Post(device => device.Path));
    }

    /// <summary>Links whose round trips take longer, and a client that uses them.</summary>
    public (DelayedLinks Links, ExpertClient Client) Delay(TimeSpan delay)
    {
        var links = new DelayedLinks(Member.Node.Directory, Member.Node.ShardMap.Shards, delay);
        return (links, ExpertClient.Start(_identity, _settings.Options.Experts, links, _ => throw new InvalidOperationException("This node holds nothing.")));
    }

    public async Task<long> CollectionsAsync() => (await Task.WhenAll(Nodes.Select(node => node.CollectionsAsync()))).Sum();

    public async ValueTask DisposeAsync()
    {
        await Member.Node.LeaveAsync(TimeSpan.FromSeconds(5));
        await Member.DisposeAsync();
        await _lane.DisposeAsync();
        foreach (var node in Nodes)
        {
            node.Dispose();
        }
    }
}
