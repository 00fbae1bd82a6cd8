using System.Diagnostics;
using Pipeline.Checkpoints;
using Pipeline.Cluster;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Cluster.Shards;
using Pipeline.Engine;
using Pipeline.Kernels;
using Pipeline.Logging;
using Pipeline.Model;

namespace Pipeline.Composition;

/// <summary>The engine of a run, with its experts where the settings put them: in this process, in processes of its own, or in a cluster.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    /// <summary>How long a run waits in silence: a cluster that is there answers sooner.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(3);

    /// <summary>Processes of its own have to start first.</summary>
    private static readonly TimeSpan s_silenceOfLocal = TimeSpan.FromSeconds(10);

    /// <summary>An engine has nothing to hand over: it says goodbye.</summary>
    private static readonly TimeSpan s_leaving = TimeSpan.FromSeconds(3);

    private readonly List<IAsyncDisposable> _parts = [];

    private EngineHost()
    {
    }

    public CaptionEngine Engine { get; private set; } = null!;

    /// <summary>The run's place in a cluster; null where it has none.</summary>
    public ClusterMember? Member { get; private set; }

    /// <param name="team">Threads of the device; outlives the engine.</param>
    /// <param name="readsMedia">Whether windows have files.</param>
    /// <param name="tell">Gets a line about what the start waits for.</param>
    /// <exception cref="PipelineException">The engine cannot start.</exception>
    public static async Task<EngineHost> StartAsync(
        Settings settings, CpuTeam team, bool readsMedia, Action<string> tell, CancellationToken cancellation)
    {
        var options = settings.Options;
        var host = new EngineHost();
        try
        {
            var joins = options.Node.LocalExperts > 0 || options.Cluster.Join.Length > 0;
            await (joins
                ? host.JoinAsync(settings, team, readsMedia, tell, cancellation)
                : host.StartHereAsync(settings, team, readsMedia, tell, cancellation));
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _parts.Count - 1; i >= 0; i--)
        {
            await _parts[i].DisposeAsync();
        }
    }

    /// <summary>The whole model in this process; its experts divided into shards where <c>experts.shards</c> says so.</summary>
    private async Task StartHereAsync(Settings settings, CpuTeam team, bool readsMedia, Action<string> tell, CancellationToken cancellation)
    {
        var options = settings.Options;
        var checkpoint = settings.OpenCheckpoint();
        Add(new Disposing(checkpoint));
        var lanes = Add(await DeviceLanes.StartAsync(settings, team, settings.PlanBytes, tell));
        var map = options.Experts.Shards > 0 ? ShardMaps.Create(checkpoint.Config.Text, checkpoint.Summarize(), options.Experts) : null;
        var devices = new List<EngineDevice>();
        foreach (var lane in lanes.All)
        {
            devices.Add(new EngineDevice(lane, map is null
                ? new LocalExpertsFactory()
                : Add(await InProcessExperts.StartAsync(lane, checkpoint, map, options.Experts, cancellation)).Factory));
        }

        Engine = Add(await CaptionEngine.StartAsync(
            system: null, checkpoint, options.EngineSettings, LogSetup.Bridge(settings.Akka, options.Log), readsMedia,
            Recorded(devices, checkpoint.Config.Text, options.Experts)));
    }

    /// <summary>The same devices; what their experts are asked is counted, and written when the engine has ended.</summary>
    private IReadOnlyList<EngineDevice> Recorded(IReadOnlyList<EngineDevice> devices, TextConfig text, ExpertsOptions options)
    {
        if (options.Record.Length == 0)
        {
            return devices;
        }

        var statistics = new RoutingStatistics(text.Layers, text.Experts);
        Add(new Recording(statistics, options.Record));
        return [.. devices.Select(device => device with { Experts = new RecordingExpertsFactory(device.Experts, statistics) })];
    }

    private async Task JoinAsync(Settings settings, CpuTeam team, bool readsMedia, Action<string> tell, CancellationToken cancellation)
    {
        var options = settings.Options;
        var checkpoint = settings.OpenCheckpoint();
        Add(new Disposing(checkpoint));
        var lanes = Add(await DeviceLanes.StartAsync(settings, team, () => settings.PlanBytes(NodeRoles.Engine, checkpoint), tell));
        Member = Add(await ClusterMember.StartAsync(settings, NodeRoles.Engine, checkpoint, lanes.All[0], cancellation));
        var local = options.Node.LocalExperts > 0 ? Add(LocalExperts.Start(settings, Member.Node.Name, checkpoint.Summarize())) : null;
        Add(new Leaving(Member.Node, local is null ? s_leaving : TimeSpan.Zero));
        Engine = Add(await CaptionEngine.StartAsync(
            Member.Node.System, checkpoint, options.EngineSettings, settings.Akka, readsMedia,
            Recorded(lanes.With(Member.CreateExperts()), checkpoint.Config.Text, options.Experts)));
        var waiting = WaitForExpertsAsync(
            Member.Node, options.Experts.Deadline, local is null ? s_silence : s_silenceOfLocal, tell, cancellation);
        if (local is not null && await Task.WhenAny(waiting, local.Failed) == local.Failed)
        {
            throw await local.Failed;
        }

        await waiting;
    }

    /// <summary>Waits until each shard is held somewhere, as long as there is progress within the deadline.</summary>
    private static async Task WaitForExpertsAsync(
        ClusterNode node, TimeSpan deadline, TimeSpan silence, Action<string> tell, CancellationToken cancellation)
    {
        var (least, told) = (int.MaxValue, "");
        var (started, progressed) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp());
        while (node.Unplaced is [var first, ..] unplaced)
        {
            var missing = $"{unplaced.Count} of {node.ShardMap.Shards} shards of the experts have no place: {first.Reason}";
            if (unplaced.Count < least)
            {
                (least, progressed) = (unplaced.Count, Stopwatch.GetTimestamp());
            }
            else if (Stopwatch.GetElapsedTime(progressed) > deadline)
            {
                throw new PipelineException(
                    "experts.unplaced", $"{missing} (waited {deadline.TotalSeconds:0.#} s)",
                    "start more expert nodes, or raise pipeline.experts.deadline where loading a shard takes longer",
                    FailureKind.Outside);
            }

            if (missing != told && Stopwatch.GetElapsedTime(started) > silence)
            {
                tell($"waiting: {missing}");
                told = missing;
            }

            await Task.Delay(10, cancellation);
        }
    }

    private T Add<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private sealed class Leaving(ClusterNode node, TimeSpan deadline) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await node.LeaveAsync(deadline);
    }

    private sealed class Recording(RoutingStatistics statistics, string path) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            statistics.Write(path);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Disposing(IDisposable inner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            inner.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
