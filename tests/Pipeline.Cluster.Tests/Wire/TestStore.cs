using System.Collections.Concurrent;
using System.Diagnostics;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>A node's store without a model: one thread that answers in order of arrival, with a function that tells rows, experts, layers and scores apart.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly BlockingCollection<ExpertRequest> _queue = [];
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private readonly Thread _thread;
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

    public int Waiting => _queue.Count;

    /// <summary>Holds back all answers until <see cref="Open"/>.</summary>
    public void Close() => _open.Reset();

    public void Open() => _open.Set();

    public void Enqueue(ExpertRequest request) => _queue.Add(request);

    /// <summary>Element <paramref name="i"/> of an expert's answer to a row.</summary>
    public static float Answer(int layer, int expert, float score, ReadOnlySpan<float> row, int i) =>
        (row[i] * (expert + 1)) + (score * row[row.Length - 1 - i]) - layer;

    public void Dispose()
    {
        _open.Set();
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
        _open.Dispose();
    }

    private void Run()
    {
        foreach (var request in _queue.GetConsumingEnumerable())
        {
            _open.Wait();
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
