using System.Threading.Tasks.Sources;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// Wakes the one loop that waits for work; set while nobody waits, it lets the next wait pass. The loop looks for work again after
/// each wait, so that several sets may wake it once. Allocates nothing.
/// </summary>
internal sealed class WorkSignal : IValueTaskSource
{
    private readonly Lock _lock = new();

    // The loop goes on in the pool, never inside the lock of whoever sets.
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private bool _set;
    private bool _waiting;

    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_set)
            {
                _set = false;
                return ValueTask.CompletedTask;
            }

            _source.Reset();
            _waiting = true;
            return new ValueTask(this, _source.Version);
        }
    }

    public void Set()
    {
        lock (_lock)
        {
            if (!_waiting)
            {
                _set = true;
                return;
            }

            _waiting = false;
        }

        _source.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
