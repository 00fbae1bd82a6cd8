using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Commands;
using Pipeline.Engine;
using Pipeline.Kernels;
using Pipeline.Logging;
using Pipeline.Server;
using Pipeline.Terminal;

namespace Pipeline.Composition;

/// <summary>What <c>node</c> asks for.</summary>
/// <param name="MemoryBytes">What the process may take in all; null where <c>experts.memory-bytes</c> or the machine says it.</param>
/// <param name="UntilClosed">The node ends, at once, when its standard input does.</param>
/// <param name="Json">The ready line is JSON.</param>
internal sealed record NodePlan(Settings Settings, NodeRoles Roles, long? MemoryBytes, bool UntilClosed, bool Json);

/// <summary>One node of a cluster, from its start until it is asked to leave.</summary>
internal static class NodeRun
{
    /// <summary>What remains to be done after the shards are handed over: closing sockets, ending actors.</summary>
    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(10);

    /// <returns>The exit code: 0 after leaving, else <see cref="ExitCode.CouldNotStart"/>.</returns>
    /// <exception cref="PipelineException">The node could not start.</exception>
    public static async Task<int> RunAsync(NodePlan plan, Surroundings surroundings)
    {
        var options = plan.Settings.Options;
        using var log = LogSetup.Open(options.Log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(surroundings.Interrupted);
        if (plan.UntilClosed)
        {
            StandardInput.CancelWhenClosed(stop);
        }

        if (plan.Roles.HasFlag(NodeRoles.Expert))
        {
            _ = DeviceFactory.OnlyName(options.Device, "a node that holds experts");
        }

        surroundings.AllowToEnd(options.Cluster.LeaveDeadline + options.Server.DrainDeadline + s_closing);
        using var checkpoint = plan.Settings.OpenCheckpoint();
        var settings = WithMemory(plan, checkpoint);
        using var team = new CpuTeam(options.Device.Threads);
        await using var lanes = await DeviceLanes.StartAsync(settings, team, () => settings.PlanBytes(plan.Roles, checkpoint), surroundings.Error.WriteNote);
        var status = new NodeStatus(lanes);
        var captions = new TaskCompletionSource<ICaptionService>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isEngine = plan.Roles.HasFlag(NodeRoles.Engine);
        await using var server = options.Server.Listen.Length > 0 ? await NodeServer.StartAsync(options.Server, status, isEngine ? captions.Task : null) : null;
        await using var member = await ClusterMember.StartAsync(settings, plan.Roles, checkpoint, lanes.All[0], stop.Token);
        status.Member = member;
        await using var engine = isEngine
            ? await CaptionEngine.StartAsync(
                member.Node.System, checkpoint, options.EngineSettings, settings.Akka, readsMedia: true, lanes.With(member.CreateExperts()))
            : null;
        if (engine is not null)
        {
            status.Serve(engine);
            captions.SetResult(new EngineCaptions(engine, options.Jobs, options.Server));
        }

        // What the start took is collected now, not in the middle of somebody's step.
        GC.Collect();
        surroundings.Output.Write(new ReadyLine(plan.Roles, member, server).Write(plan.Json));
        await surroundings.Output.FlushAsync(stop.Token);
        await Task.WhenAny(Task.Delay(Timeout.Infinite, stop.Token), member.Node.Downed, lanes.Failed);
        return await EndAsync(plan, member, lanes, server, surroundings);
    }

    private static async Task<int> EndAsync(NodePlan plan, ClusterMember member, DeviceLanes lanes, NodeServer? server, Surroundings surroundings)
    {
        var deadline = plan.Settings.Options.Cluster.LeaveDeadline;
        if (lanes.Failed.IsCompleted)
        {
            surroundings.Error.WriteError(await lanes.Failed);
            return ExitCode.CouldNotStart;
        }

        if (member.Removal is { } removal)
        {
            surroundings.Error.WriteError(removal);
            return ExitCode.CouldNotStart;
        }

        await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (await member.Node.LeaveAsync(plan.UntilClosed ? TimeSpan.Zero : deadline) || plan.UntilClosed)
        {
            return ExitCode.Done;
        }

        surroundings.Error.WriteError(
            $"{member.Node.Name} has not handed its shards over within {deadline.TotalSeconds:0.#} s",
            "no other node had room, or reading them took too long: pipeline.cluster.leave-deadline");
        return ExitCode.CouldNotStart;
    }

    /// <summary>The settings with what this node offers for experts: what is left of its memory when the rest of it has its own.</summary>
    private static Settings WithMemory(NodePlan plan, Checkpoint checkpoint)
    {
        var options = plan.Settings.Options;
        if (!plan.Roles.HasFlag(NodeRoles.Expert) || (plan.MemoryBytes is null && options.Experts.MemoryBytes > 0))
        {
            return plan.Settings;
        }

        var memory = plan.MemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var others = NodeMemory.Of(plan.Roles, checkpoint.Config, checkpoint.Summarize(), options.EngineSettings, options.Experts).FixedBytes;
        return memory > others
            ? plan.Settings with { Options = options with { Experts = options.Experts with { MemoryBytes = memory - others } } }
            : throw new PipelineException(
                "experts.memory", $"{memory:N0} bytes of memory leave nothing for experts: the rest of this node takes {others:N0}",
                "give it more memory (--memory)");
    }
}
