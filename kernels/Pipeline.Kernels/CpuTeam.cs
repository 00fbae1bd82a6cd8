using System.Runtime.ExceptionServices;

namespace Pipeline.Kernels;

/// <summary>Work of a <see cref="CpuTeam"/>: numbered items that may run in any order and on any thread. Made once and reused.</summary>
public abstract class TeamWork
{
    /// <summary>Runs the items from <paramref name="first"/> up to, not including, <paramref name="end"/>.</summary>
    /// <param name="first">The first item.</param>
    /// <param name="end">One past the last item.</param>
    /// <param name="thread">Who runs them, from 0 (the caller) to the team's threads - 1: the index of a scratch of one's own.</param>
    public abstract void Execute(int first, int end, int thread);
}

/// <summary>
/// A fixed team of threads that runs one piece of work at a time; the caller is one of them. Items are handed out in chunks
/// by an atomic counter. Waiting threads block in the kernel, so a team may be larger than the machine. One team serves a
/// process: callers that meet wait for each other.
/// </summary>
public sealed class CpuTeam : IDisposable
{
    /// <summary>Below this many elementary operations waking a thread costs more than it brings (a wake-up takes some 10 us).</summary>
    private const long SmallestShare = 100_000;

    /// <summary>Chunks a thread, so that a thread that starts late or is disturbed leaves work to the others.</summary>
    private const int ChunksPerThread = 8;

    private readonly Lock _turn = new();
    private readonly object _gate = new();
    private readonly Thread[] _workers;
    private TeamWork? _work;
    private ExceptionDispatchInfo? _failure;
    private int _items;
    private int _chunk;
    private int _next;
    private int _active;
    private bool _open;
    private bool _stopping;

    /// <param name="threads">Threads with the caller's; 0 takes one for each processor.</param>
    public CpuTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Threads = threads == 0 ? Environment.ProcessorCount : threads;
        _workers = new Thread[Threads - 1];
        for (var i = 0; i < _workers.Length; i++)
        {
            var index = i + 1;
            _workers[i] = new Thread(() => Serve(index)) { IsBackground = true, Name = $"cpu-team-{index}" };
            _workers[i].Start();
        }
    }

    /// <summary>Threads that run a piece of work, the caller's among them.</summary>
    public int Threads { get; }

    /// <summary>Runs all items and returns when the last is done; the first exception of any thread is rethrown.</summary>
    /// <param name="work">What to run.</param>
    /// <param name="items">Number of items.</param>
    /// <param name="operations">Elementary operations of all items together; too few for two threads run on the caller.</param>
    public void Run(TeamWork work, int items, long operations)
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            if (_workers.Length == 0 || items < 2 || operations < 2 * SmallestShare)
            {
                work.Execute(0, items, 0);
                return;
            }

            Open(work, items);
            TakeChunks(work, thread: 0);
            Close();
        }
    }

    /// <summary>Lets the threads end and waits for them.</summary>
    public void Dispose()
    {
        lock (_turn)
        {
            lock (_gate)
            {
                _stopping = true;
                Monitor.PulseAll(_gate);
            }

            foreach (var worker in _workers)
            {
                worker.Join();
            }
        }
    }

    private void Open(TeamWork work, int items)
    {
        lock (_gate)
        {
            _work = work;
            _items = items;
            _chunk = Math.Max(1, items / (Threads * ChunksPerThread));
            _next = 0;
            _open = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Close()
    {
        ExceptionDispatchInfo? failure;
        lock (_gate)
        {
            _open = false;
            while (_active > 0)
            {
                Monitor.Wait(_gate);
            }

            failure = _failure;
            _failure = null;
            _work = null;
        }

        failure?.Throw();
    }

    private void Serve(int thread)
    {
        while (Join() is { } work)
        {
            TakeChunks(work, thread);
            Leave();
        }
    }

    /// <summary>Waits for work that still has items; null when the team ends.</summary>
    private TeamWork? Join()
    {
        lock (_gate)
        {
            while (!_open && !_stopping)
            {
                Monitor.Wait(_gate);
            }

            if (_stopping)
            {
                return null;
            }

            _active++;
            return _work;
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            // Whoever leaves found no item: nobody else need join.
            _open = false;
            if (--_active == 0)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void TakeChunks(TeamWork work, int thread)
    {
        try
        {
            for (var first = Take(); first < _items; first = Take())
            {
                work.Execute(first, Math.Min(_items, first + _chunk), thread);
            }
        }
        catch (Exception exception)
        {
            Volatile.Write(ref _next, _items);
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), comparand: null);
        }
    }

    private int Take() => Interlocked.Add(ref _next, _chunk) - _chunk;
}
