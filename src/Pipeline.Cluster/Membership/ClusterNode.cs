using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Pipeline.Cluster.Placement;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Pipeline.Cluster.Membership;

/// <summary>The blocks of the configuration that a member is made from.</summary>
public sealed record ClusterSettings(ClusterOptions Cluster, ExpertsOptions Experts);

/// <summary>This process as a member of a cluster: its actor system, what it knows of the others, the shards that it is given.</summary>
public sealed class ClusterNode : IAsyncDisposable
{
    /// <summary>What leaving in good order is given, after the hand-over: it takes a second or two, and spares the others to find out.</summary>
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(10);

    private readonly ClusterSettings _settings;
    private readonly NodeIdentity _identity;
    private readonly ClusterTls? _tls;
    private readonly ClusterBoard _board;
    private readonly IActorRef _node;
    private readonly TaskCompletionSource _downed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _leaving;
    private volatile IActorRef? _region;

    private ClusterNode(
        ClusterSettings settings, NodeIdentity identity, ActorSystem system, ClusterTls? tls, ClusterBoard board, IActorRef node, ShardMap map, int replicas)
    {
        _settings = settings;
        _identity = identity;
        _tls = tls;
        _board = board;
        _node = node;
        System = system;
        ShardMap = map;
        Replicas = replicas;
        Name = NodeName.Of(AkkaCluster.Get(system).SelfAddress);
        Directory = new ExpertDirectory(map, board, Name);
    }

    /// <summary>Of all actors of this process.</summary>
    public ActorSystem System { get; }

    /// <summary><c>host:port</c>, as the other nodes call this one; what others join.</summary>
    public string Name { get; }

    /// <summary>How the cluster's experts are divided: decided by the node that formed it.</summary>
    public ShardMap ShardMap { get; }

    /// <summary>Copies of each shard: as the map, decided by the node that formed the cluster.</summary>
    public int Replicas { get; }

    /// <summary>Who holds which shard.</summary>
    public IExpertDirectory Directory { get; }

    /// <summary>All members that told their state, by name.</summary>
    public IReadOnlyList<NodeState> Nodes => _board.View.Nodes;

    /// <summary>Shards that nobody serves now; empty where all is well.</summary>
    public IReadOnlyList<UnplacedShard> Unplaced => UnplacedShards.Of(ShardMap, _board.View);

    /// <summary>Done when the others have removed this node, or it was cut off from most of them: the process must end.</summary>
    public Task Downed => _downed.Task;

    /// <summary>Joins the cluster that the settings name, or forms one.</summary>
    /// <param name="akka">Akka's own settings.</param>
    /// <param name="firstMap">Divides the experts; called where this node forms the cluster.</param>
    /// <exception cref="PipelineException">The address may not be bound, nobody answers, or the cluster refuses this node.</exception>
    public static async Task<ClusterNode> StartAsync(
        ClusterSettings settings, Config akka, NodeIdentity identity, Func<ShardMap> firstMap, CancellationToken cancellation)
    {
        var tls = ClusterTls.Load(settings.Cluster.Tls);
        ActorSystem? system = null;
        try
        {
            system = ClusterSystem.CreateMember(settings.Cluster, identity.Roles, akka, tls);
            var board = new ClusterBoard();
            var node = system.ActorOf(Props.Create(() => new NodeActor(settings.Cluster, identity, board)), ClusterProtocol.Actor);
            var cluster = AkkaCluster.Get(system);
            var found = await Joining.FindAsync(system, settings.Cluster, cluster.SelfAddress, identity, cancellation);
            var (map, replicas) = found is { } answer
                ? (ShardMap.Decode(answer.Welcome.ShardMap), answer.Welcome.Replicas)
                : (firstMap(), settings.Experts.Replicas);
            var member = new ClusterNode(settings, identity, system, tls, board, node, map, replicas);
            cluster.RegisterOnMemberRemoved(member.OnRemoved);
            await JoinAsync(cluster, found?.Member ?? cluster.SelfAddress, settings.Cluster, cancellation);
            node.Tell(new Serve(map, replicas));
            return member;
        }
        catch
        {
            await (system?.Terminate() ?? Task.CompletedTask);
            tls?.Dispose();
            throw;
        }
    }

    /// <summary>Takes part as a node without experts.</summary>
    public void MarkReady() => _node.Tell(new Ready(0, null, () => { }));

    /// <summary>Offers this node's memory for shards: from now on the cluster places them here.</summary>
    /// <param name="host">Loads and gives back what it is told.</param>
    /// <param name="dataPort">Where the rows of its shards are taken.</param>
    public async Task HostAsync(IShardHost host, int dataPort)
    {
        var keeper = System.ActorOf(
            Props.Create(() => new ShardKeeper(host, ShardMap, _identity.MemoryBytes, _settings.Cluster, _node)), "shards");
        var standIns = new StandIns([.. Enumerable.Range(0, ShardMap.Shards).Select(ShardMap.Bytes)], Name);
        _board.Changed += () =>
        {
            if (standIns.Look(_board.View) is { } shards)
            {
                keeper.Tell(new StandInOrders(shards));
            }
        };
        var allocation = new MemoryAllocation(ShardMap, Replicas, _settings.Cluster, Name, _board, news => _node.Tell(news));
        _region = await ClusterSharding.Get(System).StartAsync(
            ExpertShardActor.TypeName,
            id => Props.Create(() => new ExpertShardActor(ShardCopy.Parse(id)!.Value, keeper)),
            ClusterShardingSettings.Create(System).WithRole(ClusterSystem.RoleName(NodeRoles.Expert)),
            new ExpertShardActor.Extractor(),
            allocation,
            PoisonPill.Instance);
        _node.Tell(new Ready(dataPort, keeper, () => CallEntities(allocation.Placed)));
    }

    /// <summary>Hands this node's shards over, leaves the cluster and ends the actor system, all within the deadline.</summary>
    /// <returns>Whether all that somebody had room for was handed over; if not, the others warm it after this node is gone.</returns>
    public async Task<bool> LeaveAsync(TimeSpan deadline)
    {
        _leaving = true;
        using var end = new CancellationTokenSource(deadline);
        using var handover = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
        handover.CancelAfter(deadline - TimeSpan.FromTicks(Math.Min(deadline.Ticks / 2, s_farewell.Ticks)));
        var handedOver = await HandOverAsync(handover.Token);

        // A region that still gets calls for entities waits for them as long as it may.
        _region = null;
        try
        {
            await CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance).WaitAsync(end.Token);
            return handedOver;
        }
        catch (OperationCanceledException)
        {
            ((ExtendedActorSystem)System).Abort();
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _leaving = true;
        await System.Terminate();
        _tls?.Dispose();
    }

    private static async Task JoinAsync(AkkaCluster cluster, Address member, ClusterOptions options, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(options.JoinDeadline);
        try
        {
            await cluster.JoinAsync(member, timeout.Token);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested && failure is OperationCanceledException or Akka.Cluster.ClusterJoinFailedException)
        {
            throw ClusterFailures.NobodyAnswers(NodeName.Of(member), options.JoinDeadline, "it let this node in, but the cluster did not agree");
        }
    }

    /// <summary>
    /// Sharding starts an entity by the first message to it, and after a hand-over or the loss of a node there is none. By a clock of its own, not by the
    /// coordinator's ticks: those stop while a shard's start is not confirmed, for ever where the node died that was to confirm it.
    /// </summary>
    private void CallEntities(IEnumerable<ShardCopy> copies)
    {
        foreach (var copy in copies)
        {
            _region?.Tell(new StartCopy(copy.Shard, copy.Replica), ActorRefs.NoSender);
        }
    }

    private async Task<bool> HandOverAsync(CancellationToken cancellation)
    {
        try
        {
            _node.Tell(new BeginLeaving());
            await await Task.WhenAny(Handover.WaitAsync(_board, Name, cancellation), System.WhenTerminated);
            if (Nodes.Any(node => node.Node == Name && node.HeldBytes > 0))
            {
                // Requests may still be on their way here.
                await Task.Delay(_settings.Cluster.Linger, cancellation);
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void OnRemoved()
    {
        if (!_leaving)
        {
            _downed.TrySetResult();
        }
    }
}
