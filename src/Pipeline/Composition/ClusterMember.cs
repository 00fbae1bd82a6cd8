using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;
using Pipeline.Engine.Running;
using Pipeline.Logging;
using Pipeline.Model;

namespace Pipeline.Composition;

/// <summary>This process's part in a cluster: the shards that it holds for all, and its way to those that others hold.</summary>
internal sealed class ClusterMember : IAsyncDisposable
{
    private readonly ClusterTls? _tls;

    private ClusterMember(ClusterNode node, ExpertListener? listener, ExpertStore? store, ExpertClient? client, ClusterTls? tls) =>
        (Node, Listener, Store, Client, _tls) = (node, listener, store, client, tls);

    public ClusterNode Node { get; }

    /// <summary>Takes rows for this node's shards; null without the role expert, as is <see cref="Store"/>.</summary>
    public ExpertListener? Listener { get; }

    public ExpertStore? Store { get; }

    /// <summary>Reaches the experts of all; null without the role engine.</summary>
    public ExpertClient? Client { get; }

    /// <summary>What to tell the user when the cluster has removed this process; null while it has not.</summary>
    public PipelineException? Removal => !Node.Downed.IsCompleted ? null : new PipelineException(
        "cluster.removed",
        $"the cluster has removed {Node.Name}: it could not be reached, or was cut off from most of the others",
        "start it again",
        FailureKind.Outside);

    /// <summary>Joins the cluster, or forms it, and offers this node's memory to it.</summary>
    /// <param name="settings">All settings; <c>experts.memory-bytes</c> is what this node offers.</param>
    /// <param name="checkpoint">The model; outlives the member, as does the device.</param>
    /// <param name="lane">The device that computes the rows of this node's shards, and that its instruction path is of.</param>
    /// <exception cref="PipelineException">An address that cannot be bound, nobody who answers, another model, too little memory.</exception>
    public static async Task<ClusterMember> StartAsync(
        Settings settings, NodeRoles roles, Checkpoint checkpoint, DeviceLane lane, CancellationToken cancellation)
    {
        var (cluster, experts) = (OwnHost.Facing(settings.Options.Cluster), settings.Options.Experts);
        var tls = ClusterTls.Load(cluster.Tls);
        var offered = roles.HasFlag(NodeRoles.Expert) ? experts.MemoryBytes : 0;
        var identity = new NodeIdentity(
            roles, checkpoint.Digest, await lane.Post(device => device.Path), offered);
        ExpertListener? listener = null;
        ClusterNode? node = null;
        try
        {
            listener = roles.HasFlag(NodeRoles.Expert) ? ExpertListener.Bind(TrustedNetworks.Bindable(cluster), cluster.DataPort, experts, tls) : null;
            node = await ClusterNode.StartAsync(
                new ClusterSettings(cluster, experts),
                LogSetup.Bridge(settings.Akka, settings.Options.Log),
                identity,
                () => ShardMaps.Create(checkpoint.Config.Text, checkpoint.Summarize(), experts),
                cancellation);
            var (map, text) = (node.ShardMap, checkpoint.Config.Text);
            var wire = new WireIdentity(
                node.Name, checkpoint.Digest, map.Digest, identity.InstructionPath, text.HiddenSize, text.ExpertsPerToken, experts.FrameBytes);
            ExpertStore? store = null;
            if (listener is not null)
            {
                RequireRoomForOne(map, offered);
                store = new ExpertStore(lane, checkpoint, map, experts);
                listener.Serve(wire, map, store.Enqueue);
                await node.HostAsync(store, listener.Port);
            }
            else
            {
                node.MarkReady();
            }

            var client = roles.HasFlag(NodeRoles.Engine)
                ? ExpertClient.Start(wire, experts, node.Directory, store is null ? NoStore : store.Enqueue, tls)
                : null;
            return new ClusterMember(node, listener, store, client, tls);
        }
        catch
        {
            await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (listener?.DisposeAsync() ?? ValueTask.CompletedTask);
            tls?.Dispose();
            throw;
        }
    }

    /// <summary>Experts that an engine of this process asks, on whichever of its devices.</summary>
    public IExpertsFactory CreateExperts() =>
        new ShardedExpertsFactory(Client ?? throw new InvalidOperationException("This node is no engine."), Node.ShardMap);

    /// <summary>Ends at once: the others find out by themselves. <see cref="ClusterNode.LeaveAsync"/> comes before where it should not be so.</summary>
    public async ValueTask DisposeAsync()
    {
        await (Client?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Node.DisposeAsync();
        await (Listener?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (Store?.DisposeAsync() ?? ValueTask.CompletedTask);
        _tls?.Dispose();
    }

    private static void RequireRoomForOne(ShardMap map, long offered)
    {
        var least = Enumerable.Range(0, map.Shards).Min(map.Bytes);
        if (offered < least)
        {
            throw new PipelineException(
                "experts.memory",
                $"this node offers {offered:N0} bytes for experts, and the smallest of the cluster's {map.Shards} shards takes {least:N0}",
                "give it more memory (--memory), or start the cluster's first node with more shards (--shards)");
        }
    }

    private static void NoStore(ExpertRequest request) => request.Complete(ExpertOutcome.NotHeld);
}
