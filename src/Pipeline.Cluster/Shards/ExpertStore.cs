using System.Collections.Concurrent;
using System.Diagnostics;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Placement;
using Pipeline.Engine.Running;
using Pipeline.Kernels;

namespace Pipeline.Cluster.Shards;

/// <summary>
/// The shards of routed experts that this node holds, on its device, and the rows that wait for them. A shard is warmed off the device's
/// thread (mapped, read, touched), then loaded layer by layer between the device's other work, then published; it is freed on the device's
/// thread, so never under a batch. All that waits for one layer of a shard, from all engines, becomes one grouped product.
/// </summary>
public sealed class ExpertStore : IShardHost, IDeviceWork, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly DeviceLane _lane;
    private readonly TextConfig _config;
    private readonly ShardMap _map;
    private readonly RoutedExperts _experts;
    private readonly int _rows;
    private readonly Dictionary<int, ShardWeights> _held = [];
    private readonly ExpertQueue _queue = new();
    private readonly List<ExpertSlice> _slices = [];
    private readonly List<ExpertRequest> _unwanted = [];
    private readonly ConcurrentDictionary<int, SemaphoreSlim> _turns = new();
    private readonly SemaphoreSlim _disk = new(1);
    private ExpertBatch? _batch;
    private volatile bool _waiting;
    private bool _disposed;
    private long _heldBytes;
    private long _rowsComputed;
    private long _batches;

    /// <param name="lane">The device, and the thread that computes rows; outlives the store.</param>
    /// <param name="checkpoint">Where the weights are; outlives the store.</param>
    /// <param name="map">What the shards are.</param>
    /// <param name="options">Rows of a batch.</param>
    /// <exception cref="PipelineException">The map is of another model, or the checkpoint's tensors are not as they must be.</exception>
    public ExpertStore(DeviceLane lane, Checkpoint checkpoint, ShardMap map, ExpertsOptions options)
    {
        _config = checkpoint.Config.Text;
        if (map.Layers != _config.Layers || map.Experts != _config.Experts)
        {
            throw new PipelineException(
                "experts.shard-map",
                $"{checkpoint.Directory}: has {_config.Layers} layers of {_config.Experts} experts, the cluster's shards are of a model with {map.Layers} of {map.Experts}",
                "give every node the same model");
        }

        _lane = lane;
        _map = map;
        _experts = checkpoint.ReadExperts();
        _rows = options.Rows;
        lane.Serve(this);
    }

    public IReadOnlyCollection<int> Held
    {
        get
        {
            lock (_lock)
            {
                return [.. _held.Keys.Order()];
            }
        }
    }

    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    public long RowsComputed => Interlocked.Read(ref _rowsComputed);

    /// <summary>Batches run since the start.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Bytes of a store's buffers on the device, beside the weights.</summary>
    public static long ScratchBytes(TextConfig config, ExpertsOptions options) => ExpertBatch.Bytes(config, options.Rows);

    public bool Holds(int shard)
    {
        lock (_lock)
        {
            return _held.ContainsKey(shard);
        }
    }

    public async Task WarmAsync(int shard, CancellationToken cancellation)
    {
        var turn = await TakeTurnAsync(shard, cancellation);
        try
        {
            if (Holds(shard))
            {
                return;
            }

            var weights = await FetchAsync(shard, cancellation);
            try
            {
                await LoadAsync(weights, cancellation);
            }
            catch
            {
                await FreeAsync(weights);
                throw;
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task ReleaseAsync(int shard)
    {
        var turn = await TakeTurnAsync(shard, CancellationToken.None);
        try
        {
            ShardWeights? weights;
            lock (_lock)
            {
                _held.Remove(shard, out weights);
            }

            if (weights is not null)
            {
                await FreeAsync(weights);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>
    /// Takes a request from any thread. One for a shard that is not held, or for rows or experts that are not there, is answered at once.
    /// How much may wait is bounded by those who ask (<c>experts.bytes-outstanding</c>).
    /// </summary>
    public void Enqueue(ExpertRequest request)
    {
        if (TryAdd(request) is { } outcome)
        {
            request.Complete(outcome);
        }
        else
        {
            _lane.Wake();
        }
    }

    /// <inheritdoc/>
    public bool TryRun(IDevice device)
    {
        if (!_waiting)
        {
            return false;
        }

        (ShardWeights Weights, int Layer)? group;
        lock (_lock)
        {
            group = _queue.Take(_rows, _slices, _unwanted);
            _waiting = group is not null;
        }

        _unwanted.ForEach(request => request.Complete(ExpertOutcome.Failed));
        _unwanted.Clear();
        if (group is not var (weights, layer))
        {
            return false;
        }

        var now = Stopwatch.GetTimestamp();
        foreach (var slice in _slices)
        {
            slice.Request.TakenAt = slice.First == 0 ? now : slice.Request.TakenAt;
        }

        var rows = _batch!.Run(weights, layer, _slices);
        Interlocked.Add(ref _rowsComputed, rows);
        Interlocked.Increment(ref _batches);
        foreach (var slice in _slices)
        {
            if (slice.IsLast)
            {
                slice.Request.Complete(ExpertOutcome.Done);
            }
        }

        _slices.Clear();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        foreach (var shard in _turns.Keys)
        {
            await ReleaseAsync(shard);
        }
    }

    /// <returns>Null when the request waits; else how it ended already.</returns>
    private ExpertOutcome? TryAdd(ExpertRequest request)
    {
        lock (_lock)
        {
            if (!_held.TryGetValue(request.Shard, out var weights))
            {
                return ExpertOutcome.NotHeld;
            }

            if (!Fits(request, weights))
            {
                return ExpertOutcome.Failed;
            }

            if (request.Assignments.Length == 0)
            {
                return ExpertOutcome.Done;
            }

            _queue.Add(request, weights);
            _waiting = true;
            return null;
        }
    }

    private async Task<SemaphoreSlim> TakeTurnAsync(int shard, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, _map.Shards);
        var turn = _turns.GetOrAdd(shard, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellation);
        return turn;
    }

    /// <summary>One shard at a time, on a thread of its own: the disk is no faster for two, and heartbeats share the pool.</summary>
    private async Task<ShardWeights> FetchAsync(int shard, CancellationToken cancellation)
    {
        await _disk.WaitAsync(cancellation);
        try
        {
            return await Task.Factory.StartNew(() => Fetch(shard, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (PipelineException refused)
        {
            throw new PipelineException("experts.shard-unreadable", $"shard {shard}: {refused.Message}", refused.Hint, refused.Kind, refused);
        }
        finally
        {
            _disk.Release();
        }
    }

    private ShardWeights Fetch(int shard, CancellationToken cancellation)
    {
        var weights = new ShardWeights(_experts, _map, shard);
        Interlocked.Add(ref _heldBytes, weights.Bytes);
        try
        {
            weights.Fetch(cancellation);
            return weights;
        }
        catch
        {
            Unmap(weights);
            throw;
        }
    }

    private async Task LoadAsync(ShardWeights weights, CancellationToken cancellation)
    {
        foreach (var layer in weights.Layers)
        {
            cancellation.ThrowIfCancellationRequested();
            await _lane.Post(device =>
            {
                weights.Load(device, layer);
                if (_batch is null)
                {
                    _batch = new ExpertBatch(device, _config, _rows);
                    Rehearsal.Run(_batch, weights, layer, _config.Experts, _rows, _config.HiddenSize);
                }

                return true;
            });
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _held.Add(weights.Shard, weights);
        }
    }

    /// <summary>Answers what still waits for the shard, and gives its memory back.</summary>
    private async Task FreeAsync(ShardWeights weights)
    {
        try
        {
            await _lane.Post(device =>
            {
                List<ExpertRequest> left;
                lock (_lock)
                {
                    left = _queue.Remove(weights.Shard);
                }

                left.ForEach(request => request.Complete(ExpertOutcome.NotHeld));
                weights.Free(device);
                return true;
            });
        }
        catch (Exception gone) when (gone is Engine.DeviceLostException or ObjectDisposedException)
        {
            // With its thread the device's memory is gone, and nothing computes any more.
        }

        Unmap(weights);
    }

    private void Unmap(ShardWeights weights)
    {
        Interlocked.Add(ref _heldBytes, -weights.Bytes);
        weights.Dispose();
    }

    private bool Fits(ExpertRequest request, ShardWeights weights)
    {
        var hidden = (long)_config.HiddenSize;
        if (request.Rows < 0 || request.Input.Length < request.Rows * hidden || request.Output.Length < request.Assignments.Length * hidden)
        {
            return false;
        }

        foreach (var assignment in request.Assignments)
        {
            if ((uint)assignment.Row >= (uint)request.Rows || weights.PartOf(request.Layer, assignment.Expert) < 0)
            {
                return false;
            }
        }

        return true;
    }
}
