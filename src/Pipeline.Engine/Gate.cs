namespace Pipeline.Engine;

/// <summary>
/// A named bound over the whole process: callers wait, in order of asking, until their share is free.
/// A share is given back by disposing its <see cref="Lease"/>.
/// </summary>
/// <param name="setting">The setting that names the bound, for messages.</param>
/// <param name="capacity">Units that may be held at once.</param>
public sealed class Gate(string setting, long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private long _inUse;
    private long _peak;

    public long Capacity { get; } = capacity;

    /// <summary>Units held now.</summary>
    public long InUse => Volatile.Read(ref _inUse);

    /// <summary>Most units ever held at once.</summary>
    public long Peak => Volatile.Read(ref _peak);

    /// <summary>Waits for <paramref name="units"/>; fails by name where they can never be free.</summary>
    public async ValueTask<Lease> EnterAsync(long units, CancellationToken cancellation)
    {
        if (units > Capacity)
        {
            throw new PipelineException(
                "engine.never-fits", $"{units} are needed at once, {setting} allows {Capacity}", $"raise {setting}");
        }

        Waiter waiter;
        lock (_lock)
        {
            if (_waiters.Count == 0 && _inUse + units <= Capacity)
            {
                return Take(units);
            }

            waiter = new Waiter(units);
            _waiters.AddLast(waiter.Node);
        }

        await using var registration = cancellation.Register(() => Cancel(waiter, cancellation));
        return await waiter.Done.Task;
    }

    private Lease Take(long units)
    {
        _inUse += units;
        _peak = Math.Max(_peak, _inUse);
        return new Lease(this, units);
    }

    private void Cancel(Waiter waiter, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (waiter.Node.List is null)
            {
                return;
            }

            _waiters.Remove(waiter.Node);
            AdmitWaiters();
        }

        waiter.Done.TrySetCanceled(cancellation);
    }

    private void Leave(long units)
    {
        lock (_lock)
        {
            _inUse -= units;
            AdmitWaiters();
        }
    }

    private void AdmitWaiters()
    {
        while (_waiters.First is { } first && _inUse + first.Value.Units <= Capacity)
        {
            _waiters.RemoveFirst();
            first.Value.Done.SetResult(Take(first.Value.Units));
        }
    }

    private sealed class Waiter
    {
        public Waiter(long units)
        {
            Units = units;
            Node = new LinkedListNode<Waiter>(this);
        }

        public long Units { get; }

        public LinkedListNode<Waiter> Node { get; }

        public TaskCompletionSource<Lease> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A held share; disposing it twice gives it back once.</summary>
    public sealed class Lease : IDisposable
    {
        private readonly long _units;
        private Gate? _gate;

        internal Lease(Gate gate, long units) => (_gate, _units) = (gate, units);

        public void Dispose() => Interlocked.Exchange(ref _gate, value: null)?.Leave(_units);
    }
}
