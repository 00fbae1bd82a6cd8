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
    private readonly ClusterSettings _settings;
    private readonly NodeIdentity _identity;
    private readonly ClusterTls? _tls;
    private readonly ClusterBoard _board;
    private readonly IActorRef _node;
    private readonly TaskCompletionSource _downed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _leaving;

    private ClusterNode(
        ClusterSettings settings, NodeIdentity identity, ActorSystem system, ClusterTls? tls, ClusterBoard board, IActorRef node, ShardMap map)
    {
        _settings = settings;
        _identity = identity;
        _tls = tls;
        _board = board;
        _node = node;
        System = system;
        ShardMap = map;
        Name = NodeName.Of(AkkaCluster.Get(system).SelfAddress);
        Directory = new ExpertDirectory(map, board, Name);
    }

    /// <summary>Of all actors of this process.</summary>
    public ActorSystem System { get; }

    /// <summary><c>host:port</c>, as the other nodes call this one; what others join.</summary>
    public string Name { get; }

    /// <summary>How the cluster's experts are divided: decided by the node that formed it.</summary>
    public ShardMap ShardMap { get; }

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
            var map = found is { } answer ? ShardMap.Decode(answer.Welcome.ShardMap) : firstMap();
            var member = new ClusterNode(settings, identity, system, tls, board, node, map);
            cluster.RegisterOnMemberRemoved(member.OnRemoved);
            await JoinAsync(cluster, found?.Member ?? cluster.SelfAddress, settings.Cluster, cancellation);
            node.Tell(new Serve(map));
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
    public void MarkReady() => _node.Tell(new Ready(0, null));

    /// <summary>Offers this node's memory for shards: from now on the cluster places them here.</summary>
    /// <param name="host">Loads and gives back what it is told.</param>
    /// <param name="dataPort">Where the rows of its shards are taken.</param>
    public async Task HostAsync(IShardHost host, int dataPort)
    {
        var keeper = System.ActorOf(
            Props.Create(() => new ShardKeeper(host, ShardMap, _identity.MemoryBytes, _settings.Cluster, _node)), "shards");
        var sharding = ClusterSharding.Get(System);
        var region = await sharding.StartAsync(
            ExpertShardActor.TypeName,
            id => Props.Create(() => new ExpertShardActor(ShardCopy.Parse(id)!.Value, keeper)),
            ClusterShardingSettings.Create(System).WithRole(ClusterSystem.RoleName(NodeRoles.Expert)),
            new ExpertShardActor.Extractor(),
            new MemoryAllocation(ShardMap, _settings.Experts.Replicas, _settings.Cluster, Name, _board, TellPlacement),
            PoisonPill.Instance);
        _node.Tell(new Ready(dataPort, keeper));

        void TellPlacement(PlacementNews news, IReadOnlyList<StartCopy> calls)
        {
            _node.Tell(news);
            foreach (var call in calls)
            {
                sharding.ShardRegion(ExpertShardActor.TypeName).Tell(call, ActorRefs.NoSender);
            }
        }
    }

    /// <summary>Hands this node's shards over, leaves the cluster and ends the actor system, all within the deadline.</summary>
    /// <returns>Whether that was done; if not, the others will find out by themselves that this node is gone.</returns>
    public async Task<bool> LeaveAsync(TimeSpan deadline)
    {
        _leaving = true;
        using var timeout = new CancellationTokenSource(deadline);
        try
        {
            _node.Tell(new BeginLeaving());
            await Handover.WaitAsync(_board, Name, timeout.Token);
            if (_identity.Roles.HasFlag(NodeRoles.Expert))
            {
                await Task.Delay(_settings.Cluster.Linger, timeout.Token);
            }

            await CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance).WaitAsync(timeout.Token);
            return true;
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

    private void OnRemoved()
    {
        if (!_leaving)
        {
            _downed.TrySetResult();
        }
    }
}
