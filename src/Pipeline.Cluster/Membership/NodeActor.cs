using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Pipeline.Cluster.Placement;
using Pipeline.Cluster.Shards;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Pipeline.Cluster.Membership;

/// <summary>This process is a member now and lets others in.</summary>
internal sealed record Serve(ShardMap Map, int Replicas);

/// <summary>This node computes expert rows from now on, or runs windows.</summary>
/// <param name="Keeper">Gets the coordinator's orders; null for a node without experts.</param>
/// <param name="CallEntities">Done at every telling by the oldest expert node, where the coordinator is.</param>
internal sealed record Ready(int DataPort, IActorRef? Keeper, Action CallEntities);

/// <summary>This node wants to go.</summary>
internal sealed record BeginLeaving;

/// <summary>What the <see cref="ShardKeeper"/> has in memory.</summary>
internal sealed record Holdings(int[] Announced, int[] Awaited, int[] Refused, long HeldBytes, double RowsPerSecond, string? Problem);

/// <summary>
/// Tells this node's state to all members and keeps theirs; lets processes in that fit, and refuses others by name.
/// One on each node, under a name that all know.
/// </summary>
internal sealed class NodeActor : SteadyActor, IWithTimers
{
    private readonly ClusterOptions _options;
    private readonly ClusterBoard _board;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly KnownMembers _members = new();
    private readonly HashSet<string> _foreign = new(StringComparer.Ordinal);
    private NodeState _own;
    private IActorRef? _keeper;
    private Action _callEntities = () => { };
    private Serve? _serves;
    private PlacementNews? _placement;

    public NodeActor(ClusterOptions options, NodeIdentity identity, ClusterBoard board)
    {
        _options = options;
        _board = board;
        _own = new NodeState(
            NodeName.Of(_cluster.SelfAddress), _cluster.SelfUniqueAddress.Uid, 0, NodePhase.Joining, identity.Roles, identity.Digest,
            identity.InstructionPath, options.Host, 0, identity.MemoryBytes, 0, [], [], 0, null, []);

        Receive<Hello>(hello => Sender.Tell(Answer(hello)));
        Receive<NodesQuery>(_ => Sender.Tell(Describe()));
        Receive<NodeState>(OnState);
        Receive<PlacementNews>(OnPlacement);
        Receive<Holdings>(holdings => Change(_own with
        {
            Shards = holdings.Announced,
            Warming = holdings.Awaited,
            Refused = holdings.Refused,
            HeldBytes = holdings.HeldBytes,
            RowsPerSecond = holdings.RowsPerSecond,
            Problem = holdings.Problem,
        }));
        Receive<Serve>(serve => _serves = serve);
        Receive<Ready>(OnReady);
        Receive<BeginLeaving>(_ => Change(_own with { Phase = NodePhase.Leaving }));
        Receive<Tick>(_ => OnTick());
        Receive<ClusterEvent.IMemberEvent>(OnMember);
        Receive<ClusterEvent.UnreachableMember>(unreachable => OnReachability(unreachable.Member.UniqueAddress, reachable: false));
        Receive<ClusterEvent.ReachableMember>(reachable => OnReachability(reachable.Member.UniqueAddress, reachable: true));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _cluster.Subscribe(
            Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        Timers.StartPeriodicTimer("tell", Tick.Instance, _options.StateInterval);
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private IClusterMessage Answer(Hello hello)
    {
        if (hello.Protocol != ClusterProtocol.Version)
        {
            return Refuse(hello, $"node {hello.Node} speaks version {hello.Protocol} of the cluster's protocol, node {_own.Node} version {ClusterProtocol.Version}");
        }

        return hello.Digest != _own.Digest
            ? Refuse(hello, $"node {hello.Node} has the model with digest {hello.Digest}, the cluster of node {_own.Node} the one with {_own.Digest}")
            : _serves is null ? new NotYet() : new Welcome(_serves.Map.Encode().ToArray(), _serves.Replicas);
    }

    private Refused Refuse(Hello hello, string reason)
    {
        // It will ask again; once is enough for the log.
        if (_foreign.Count < 1000 && _foreign.Add(hello.Node + reason))
        {
            Log.Warning("Refused to join: {0}", reason);
        }

        return new Refused(reason);
    }

    private NodesReply Describe() => _serves is null
        ? new NodesReply([.. _board.View.Nodes], [], [])
        : new NodesReply([.. _board.View.Nodes], [.. UnplacedShards.Of(_serves.Map, _board.View)], [.. ThinShards.Of(_serves.Map, _serves.Replicas, _board.View)]);

    private void OnState(NodeState state)
    {
        var address = Sender.Path.Address;
        if (!_members.IsOfMember(address, state))
        {
            return;
        }

        if (state.Digest != _own.Digest)
        {
            if (_foreign.Add(state.Node))
            {
                Log.Warning("Node {0} is a member with another model, digest {1}; it is not used", state.Node, state.Digest);
            }

            return;
        }

        if (_members.Take(address, state))
        {
            Publish();
        }
    }

    private void OnPlacement(PlacementNews news)
    {
        if (_serves is not null && news.MostShard() is var most && most >= _serves.Map.Shards)
        {
            Log.Warning("Node {0} decides about shard {1}, and there are {2}", news.Coordinator, most, _serves.Map.Shards);
            return;
        }

        // The coordinator's own node gets the decision from its strategy and passes it on.
        if (news.Coordinator == _own.Node)
        {
            Broadcast(news);
        }

        _placement = news;
        _keeper?.Tell(new WarmOrders(news.Homes.FirstOrDefault(homes => homes.Node == _own.Node)?.Shards ?? []));
        Publish();
    }

    private void OnReady(Ready ready)
    {
        _keeper = ready.Keeper;
        _callEntities = ready.CallEntities;
        Change(_own with { DataPort = ready.DataPort, Phase = _own.Phase == NodePhase.Joining ? NodePhase.Ready : _own.Phase });
    }

    private void OnTick()
    {
        Tell();
        var oldest = _cluster.State.Members
            .Where(member => member.HasRole(ClusterSystem.RoleName(NodeRoles.Expert)) && member.Status is (MemberStatus.Up or MemberStatus.Leaving))
            .Min(Member.AgeOrdering);
        if (oldest?.UniqueAddress == _cluster.SelfUniqueAddress)
        {
            _callEntities();
        }
    }

    private void OnMember(ClusterEvent.IMemberEvent change)
    {
        var member = change.Member.UniqueAddress;
        if (change is ClusterEvent.MemberRemoved)
        {
            _members.Remove(member);
        }
        else
        {
            _members.Add(member);
            if (member.Address != _cluster.SelfAddress)
            {
                ActorOf(member.Address).Tell(_own);
            }
        }

        Publish();
    }

    private void OnReachability(UniqueAddress member, bool reachable)
    {
        if (_members.Mark(member, reachable))
        {
            Publish();
        }
    }

    private void Change(NodeState own)
    {
        _own = own;
        Tell();
    }

    private void Tell()
    {
        _own = _own with { Sequence = _own.Sequence + 1 };
        Broadcast(_own);
        Publish();
    }

    private void Broadcast(IClusterMessage message)
    {
        foreach (var address in _members.Addresses)
        {
            if (address != _cluster.SelfAddress)
            {
                ActorOf(address).Tell(message);
            }
        }
    }

    private ActorSelection ActorOf(Address address) => Context.ActorSelection(new RootActorPath(address) / "user" / ClusterProtocol.Actor);

    private void Publish()
    {
        List<NodeState> nodes = [_own, .. _members.States];
        nodes.Sort((a, b) => string.CompareOrdinal(a.Node, b.Node));
        try
        {
            _board.Publish(new ClusterView(nodes, _placement));
        }
        catch (Exception failure)
        {
            // Of a listener: it must not cost what this actor knows.
            Log.Error(failure, "A listener to the cluster's state failed");
        }
    }

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }
}
