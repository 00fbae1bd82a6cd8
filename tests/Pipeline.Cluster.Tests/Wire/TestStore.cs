using System.Diagnostics;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>A node's store without a model: one thread that answers in order of arrival, with a function that tells rows, experts, layers and scores apart.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly object _lock = new();
    private readonly Queue<ExpertRequest> _queue = new();
    private readonly Thread _thread;
    private bool _isOpen = true;
    private bool _ending;
    private long _served;

    public TestStore()
    {
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>What it answers to requests for a shard.</summary>
    public Func<ExpertRequest, ExpertOutcome> Outcome { get; set; } = _ => ExpertOutcome.Done;

    /// <summary>Requests completed.</summary>
    public long Served => Volatile.Read(ref _served);

    /// <summary>Requests that wait, in order of arrival.</summary>
    public ExpertRequest[] Waiting
    {
        get
        {
            lock (_lock)
            {
                return [.. _queue];
            }
        }
    }

    /// <summary>Holds back all answers until <see cref="Open"/>.</summary>
    public void Close() => Set(() => _isOpen = false);

    public void Open() => Set(() => _isOpen = true);

    public void Enqueue(ExpertRequest request)
    {
        lock (_lock)
        {
            _queue.Enqueue(request);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Element <paramref name="i"/> of an expert's answer to a row.</summary>
    public static float Answer(int layer, int expert, float score, ReadOnlySpan<float> row, int i) =>
        (row[i] * (expert + 1)) + (score * row[row.Length - 1 - i]) - layer;

    public void Dispose()
    {
        Set(() => _ending = true);
        _thread.Join();
    }

    private void Set(Action change)
    {
        lock (_lock)
        {
            change();
            Monitor.Pulse(_lock);
        }
    }

    private void Run()
    {
        while (Take() is { } request)
        {
            request.TakenAt = Stopwatch.GetTimestamp();
            var outcome = Outcome(request);
            if (outcome == ExpertOutcome.Done)
            {
                Compute(request);
            }

            Interlocked.Increment(ref _served);
            request.Complete(outcome);
        }
    }

    private ExpertRequest? Take()
    {
        lock (_lock)
        {
            while (!_ending && (!_isOpen || _queue.Count == 0))
            {
                Monitor.Wait(_lock);
            }

            return _queue.TryDequeue(out var request) ? request : null;
        }
    }

    private static void Compute(ExpertRequest request)
    {
        var assignments = request.Assignments;
        var hidden = request.Input.Length / request.Rows;
        for (var a = 0; a < assignments.Length; a++)
        {
            var row = request.Input.Slice(assignments[a].Row * hidden, hidden);
            var output = request.Output.Slice(a * hidden, hidden);
            for (var i = 0; i < hidden; i++)
            {
                output[i] = Answer(request.Layer, assignments[a].Expert, assignments[a].Score, row, i);
            }
        }
    }
}
