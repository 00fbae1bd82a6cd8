using Akka.Actor;
using Pipeline.Engine.Running;
using Pipeline.Model;

namespace Pipeline.Engine;

/// <summary>A device that an engine computes on.</summary>
/// <param name="Lane">Its thread; outlives the engine.</param>
/// <param name="Experts">Where the routed experts of the model on it are computed.</param>
public sealed record EngineDevice(DeviceLane Lane, IExpertsFactory Experts);

/// <summary>One device of an engine, with the model on it and its actors.</summary>
internal sealed class EngineWorker(DeviceLane lane, ModelHost host)
{
    public DeviceLane Lane { get; } = lane;

    public ModelHost Host { get; } = host;

    public EngineActors Actors { get; } = new();

    /// <summary>Parent of its actors.</summary>
    public IActorRef Supervisor { get; set; } = ActorRefs.Nobody;
}

/// <summary>
/// The devices of an engine, each with the whole model: a window goes to the one that has the fewest, by turns among equals, and stays
/// there. So a device that is slower, or has the longer films, gets fewer.
/// </summary>
internal sealed class EngineWorkers(IReadOnlyList<EngineWorker> workers)
{
    private readonly Lock _lock = new();
    private readonly int[] _windows = new int[workers.Count];
    private int _last = -1;

    public IReadOnlyList<EngineWorker> All { get; } = workers;

    /// <summary>The device for one window, until the lease is disposed.</summary>
    public Lease Take()
    {
        lock (_lock)
        {
            var least = (_last + 1) % _windows.Length;
            for (var i = 1; i < _windows.Length; i++)
            {
                var other = (_last + 1 + i) % _windows.Length;
                least = _windows[other] < _windows[least] ? other : least;
            }

            _windows[least]++;
            _last = least;
            return new Lease(this, least);
        }
    }

    private void Return(int worker)
    {
        lock (_lock)
        {
            _windows[worker]--;
        }
    }

    internal readonly struct Lease(EngineWorkers workers, int index) : IDisposable
    {
        public EngineWorker Worker => workers.All[index];

        public void Dispose() => workers.Return(index);
    }
}
