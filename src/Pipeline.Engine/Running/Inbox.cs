using System.Diagnostics;
using Pipeline.Kernels;

namespace Pipeline.Engine.Running;

/// <summary>What other threads want of a device thread: actions in order, and wakes, of which any number counts as one.</summary>
internal sealed class Inbox
{
    private readonly object _lock = new();
    private readonly Queue<Action<IDevice>> _actions = new();
    private volatile bool _woken;
    private volatile bool _signalled;
    private long _wokenAt;

    public void Post(Action<IDevice> action)
    {
        lock (_lock)
        {
            _actions.Enqueue(action);
            Signal();
        }
    }

    /// <summary>Allocates nothing; costs a read where the thread has yet to see the wake before.</summary>
    public void Wake()
    {
        // What the waker did before must be seen by the thread that resets the flag: a full fence, as a store may pass a later read.
        Interlocked.MemoryBarrier();
        if (_woken)
        {
            return;
        }

        lock (_lock)
        {
            _wokenAt = Stopwatch.GetTimestamp();
            _woken = true;
            Signal();
        }
    }

    /// <summary>Runs what was posted; with <paramref name="wait"/> it sleeps until something was, or until a wake.</summary>
    /// <returns>The <see cref="Stopwatch"/> time of the first wake since the last call, if there was one.</returns>
    public long? Receive(IDevice device, bool wait)
    {
        if (!wait && !_signalled)
        {
            return null;
        }

        while (true)
        {
            Action<IDevice> action;
            lock (_lock)
            {
                while (wait && !_signalled)
                {
                    Monitor.Wait(_lock);
                }

                wait = false;
                if (!_actions.TryDequeue(out action!))
                {
                    long? woken = _woken ? _wokenAt : null;
                    _woken = _signalled = false;
                    return woken;
                }
            }

            action(device);
        }
    }

    private void Signal()
    {
        _signalled = true;
        Monitor.Pulse(_lock);
    }
}
