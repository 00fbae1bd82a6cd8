using System.Diagnostics;
using Akka.Actor;
using Akka.Event;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Placement;

/// <summary>The entity of a copy came to this node.</summary>
internal sealed record CopyArrived(ShardCopy Copy);

/// <summary>The entity of a copy was stopped here.</summary>
internal sealed record CopyLeft(ShardCopy Copy);

/// <summary>All shards that the coordinator wants warm here.</summary>
internal sealed record WarmOrders(int[] Shards);

/// <summary>All shards that this node is to serve in the stead of homes that cannot be reached.</summary>
internal sealed record StandInOrders(IReadOnlySet<int> Shards);

/// <summary>Makes this node's store hold what <see cref="HeldShards"/> says, one shard at a time, and reports what it holds.</summary>
internal sealed class ShardKeeper : SteadyActor, IWithTimers
{
    /// <summary>A shard that could not be loaded is tried again after this, at the next tick.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly IShardHost _host;
    private readonly IActorRef _node;
    private readonly HeldShards _held;
    private readonly TimeSpan _interval;
    private readonly CancellationTokenSource _stopping = new();
    private bool _busy;
    private long _rows;
    private long _measured = Stopwatch.GetTimestamp();
    private double _rowsPerSecond;

    public ShardKeeper(IShardHost host, ShardMap map, long memoryBytes, ClusterOptions options, IActorRef node)
    {
        _host = host;
        _node = node;
        _interval = options.StateInterval;
        _rows = host.RowsComputed;
        _held = new HeldShards([.. Enumerable.Range(0, map.Shards).Select(map.Bytes)], memoryBytes, options.Linger);

        Receive<CopyArrived>(arrived => Then(() => _held.Arrived(arrived.Copy)));
        Receive<CopyLeft>(left => Then(() => _held.Left(left.Copy, Now)));
        Receive<WarmOrders>(orders => Then(() => _held.Order(orders.Shards.ToHashSet(), Now)));
        Receive<StandInOrders>(orders => Then(() => _held.StandIn(orders.Shards, Now)));
        Receive<Done>(OnDone);
        Receive<Tick>(_ => Then(Measure));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Monotonic time since the machine's start.</summary>
    private static TimeSpan Now => TimeSpan.FromSeconds(Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency);

    protected override void PreStart() => Timers.StartPeriodicTimer("tick", Tick.Instance, _interval);

    protected override void PostStop()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private void Then(Action change)
    {
        change();
        Work();
        Report();
    }

    /// <summary>Starts the next thing to do, if there is one: giving back comes before loading, as it makes room.</summary>
    private void Work()
    {
        foreach (var shard in _held.TakeExpired(Now))
        {
            Run(shard, release: true, _host.ReleaseAsync(shard));
        }

        if (!_busy && _held.TakeNextToWarm(Now) is { } next)
        {
            _busy = true;
            Run(next, release: false, _host.WarmAsync(next, _stopping.Token));
        }
    }

    private void Run(int shard, bool release, Task work) =>
        _ = work.PipeTo(Self, success: () => new Done(shard, release, null), failure: failure => new Done(shard, release, failure));

    private void OnDone(Done done)
    {
        if (done.Failure is null)
        {
            Then(done.Release ? () => _held.Released(done.Shard) : () => Warmed(done.Shard));
            return;
        }

        Log.Warning("Shard {0} could not be {1}: {2}", done.Shard, done.Release ? "released" : "loaded", done.Failure.Message);
        Then(done.Release ? () => _held.Released(done.Shard) : () => Failed(done.Shard, done.Failure));
    }

    private void Warmed(int shard)
    {
        _busy = false;
        _held.Warmed(shard);
    }

    private void Failed(int shard, Exception failure)
    {
        _busy = false;
        _held.Failed(shard, $"shard {shard} cannot be loaded: {failure.Message}", Now, RetryAfter);
    }

    private void Measure()
    {
        var rows = _host.RowsComputed;
        _rowsPerSecond = (rows - _rows) / Stopwatch.GetElapsedTime(_measured).TotalSeconds;
        _rows = rows;
        _measured = Stopwatch.GetTimestamp();
    }

    private void Report() =>
        _node.Tell(new Holdings(_held.Announced(Now), _held.Awaited, _held.Refused(Now), _host.HeldBytes, _rowsPerSecond, _held.Problem));

    private sealed record Done(int Shard, bool Release, Exception? Failure);

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }
}
