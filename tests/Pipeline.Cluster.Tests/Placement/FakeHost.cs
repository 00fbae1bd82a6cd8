using System.Collections.Concurrent;
using Pipeline.Cluster.Placement;

namespace Pipeline.Cluster.Tests.Placement;

/// <summary>A store without weights: remembers what it was told, in order, and loads when the test lets it.</summary>
internal sealed class FakeHost(Func<int, long> bytes) : IShardHost
{
    private readonly ConcurrentDictionary<int, bool> _held = new();
    private readonly ConcurrentQueue<string> _log = new();

    private volatile TaskCompletionSource? _gate;

    /// <summary>Loads fail with this while it is set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The most bytes that were ever held at once.</summary>
    public long PeakBytes { get; private set; }

    public IReadOnlyCollection<string> Log => _log;

    public IReadOnlyCollection<int> Held => [.. _held.Where(entry => entry.Value).Select(entry => entry.Key)];

    public long HeldBytes => _held.Keys.Sum(bytes);

    public long RowsComputed { get; set; }

    /// <summary>Loads wait from now on.</summary>
    public void CloseGate() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Loads that wait go on.</summary>
    public void OpenGate() => _gate?.TrySetResult();

    public async Task WarmAsync(int shard, CancellationToken cancellation)
    {
        _held.TryAdd(shard, false);
        lock (_log)
        {
            PeakBytes = Math.Max(PeakBytes, HeldBytes);
        }

        try
        {
            await (_gate?.Task ?? Task.CompletedTask).WaitAsync(cancellation);
            if (Failure is { } failure)
            {
                throw failure;
            }
        }
        catch
        {
            _held.TryRemove(shard, out _);
            throw;
        }

        _held[shard] = true;
        _log.Enqueue($"+{shard}");
    }

    public Task ReleaseAsync(int shard)
    {
        _held.TryRemove(shard, out _);
        _log.Enqueue($"-{shard}");
        return Task.CompletedTask;
    }
}
