using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Pipeline.Cluster.Membership;

/// <summary>
/// Removes engines that this expert node cannot reach, before the resolver, its child, decides about anybody. What an engine last said counts as
/// long as it is a member: one that was killed while another node stood still would take that node with it, though it has long gone on. And
/// where an engine and a node cannot reach each other, though others reach both, the engine goes: nodes hold the weights.
/// </summary>
/// <remarks>Only on a side that has most of the expert nodes: the other side's engines are none of its business.</remarks>
internal sealed class EngineDowning : UntypedActor, IWithTimers
{
    private static readonly string s_expert = ClusterSystem.RoleName(NodeRoles.Expert);

    private readonly AkkaCluster _cluster;
    private readonly Props _resolver;
    private readonly TimeSpan _patience;
    private readonly Dictionary<UniqueAddress, TimeSpan> _lost = [];

    /// <param name="resolver">Akka's.</param>
    /// <param name="stableAfter">How long it waits before it decides.</param>
    public EngineDowning(AkkaCluster cluster, Props resolver, TimeSpan stableAfter) =>
        (_cluster, _resolver, _patience) = (cluster, resolver, stableAfter / 2);

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.ActorOf(_resolver, "resolver");
        if (_cluster.SelfRoles.Contains(s_expert))
        {
            Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, _patience / 8);
        }
    }

    protected override void OnReceive(object message)
    {
        var state = _cluster.State;
        if (state.Unreachable.IsEmpty)
        {
            _lost.Clear();
            return;
        }

        var now = Context.System.Scheduler.MonotonicClock;
        var experts = state.Members.Where(member => member.HasRole(s_expert)).ToList();
        var engines = state.Unreachable.Where(member => !member.HasRole(s_expert) && !IsReached(member)).ToList();
        foreach (var back in _lost.Keys.Where(lost => engines.TrueForAll(engine => engine.UniqueAddress != lost)).ToList())
        {
            _lost.Remove(back);
        }

        foreach (var engine in engines)
        {
            _lost.TryAdd(engine.UniqueAddress, now);
            if (now - _lost[engine.UniqueAddress] >= _patience && 2 * experts.Count(IsReached) > experts.Count)
            {
                _cluster.Down(engine.Address);
            }
        }
    }

    /// <summary>By this node's own heartbeats, whatever others say.</summary>
    private bool IsReached(Member member) => member.UniqueAddress == _cluster.SelfUniqueAddress || _cluster.FailureDetector.IsAvailable(member.Address);

    private sealed class Tick
    {
        public static Tick Instance { get; } = new();
    }
}
