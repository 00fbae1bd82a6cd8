using Pipeline.Kernels;

namespace Pipeline.TestKit;

/// <summary>A device that can be stopped before its next pass and let go again, so that what waits for it fills up.</summary>
public class GatedDevice(IDevice device) : IDevice
{
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private volatile Fault? _fault;

    public string Description => device.Description;

    public string Path => device.Path;

    /// <summary>Passes (a step's upload, or a batch of tiles) begun so far.</summary>
    public int Passes { get; private set; }

    public void Close() => _open.Reset();

    public void Open() => _open.Set();

    /// <summary>Makes the next call of an operation fail, and every call after it, as a lost device does.</summary>
    /// <param name="operation">Name of a method that begins a pass, computes or copies: <c>Upload</c>, <c>Product</c>, <c>Read</c>, <c>Unfold</c>.</param>
    /// <param name="failure">What it fails with.</param>
    public void Break(string operation, Exception failure) => _fault = new Fault(operation, failure);

    /// <summary>Makes the next pass fail.</summary>
    public void Break() => Break(nameof(Upload), new InvalidOperationException("the device was lost"));

    public void Dispose()
    {
        _open.Set();
        device.Dispose();
        _open.Dispose();
        GC.SuppressFinalize(this);
    }

    public virtual DeviceWeight Load(WeightSpec spec) => device.Load(spec);

    public void Free(DeviceWeight weight) => device.Free(weight);

    public DeviceBuffer Allocate(string name, int rows, int columns) => device.Allocate(name, rows, columns);

    public DeviceRouting AllocateRouting(int rows, int slots) => device.AllocateRouting(rows, slots);

    public DeviceChoices AllocateChoices(int rows) => device.AllocateChoices(rows);

    public KvPool AllocateKv(KvShape shape) => device.AllocateKv(shape);

    public void Upload(ReadOnlySpan<float> source, DeviceBuffer target, int firstRow)
    {
        FailWhereBroken(nameof(Upload));
        device.Upload(source, target, firstRow);
    }

    public void Upload(StepTable table)
    {
        Pass(nameof(Upload));
        device.Upload(table);
    }

    public void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target) => device.Upload(experts, scores, target);

    public void Read(DeviceBuffer source, int firstRow, int rows, Span<float> target) => device.Read(source, firstRow, rows, target);

    public void Read(DeviceRouting source, int rows, Span<int> experts, Span<float> scores) => device.Read(source, rows, experts, scores);

    public void Read(DeviceChoices source, int rows, Span<TokenChoice> target)
    {
        FailWhereBroken(nameof(Read));
        device.Read(source, rows, target);
    }

    public long Fence() => device.Fence();

    public bool IsDone(long fence) => device.IsDone(fence);

    public void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output) => device.Embed(table, embedding, output);

    public void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target) => device.ScatterRows(table, source, target);

    public void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target) => device.GatherRows(table, source, target);

    public void Norm(NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output) =>
        device.Norm(kind, input, rows, weight, bias, epsilon, output);

    public virtual void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections)
    {
        FailWhereBroken(nameof(Product));
        device.Product(input, rows, projections);
    }

    public virtual void RotateAppend(StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer) =>
        device.RotateAppend(table, spec, query, key, value, pool, layer);

    public virtual void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output) =>
        device.Attend(table, spec, query, pool, layer, output);

    public void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines) =>
        device.Rotate(query, key, rows, heads, cosines, sines);

    public virtual void AttendTiles(DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output) =>
        device.AttendTiles(query, key, value, tiles, tokens, heads, softmaxScale, output);

    public void Route(DeviceBuffer input, int rows, DeviceWeight router, RouterScore score, DeviceRouting routing) =>
        device.Route(input, rows, router, score, routing);

    public virtual void ExpertRows(DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output) =>
        device.ExpertRows(input, routing, rows, weights, inner, output);

    public void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots) =>
        device.Combine(residual, shared, expertRows, rows, slots);

    public virtual void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits) => device.Logits(input, rows, head, logits);

    public void Best(DeviceBuffer logits, int rows, DeviceChoices choices) => device.Best(logits, rows, choices);

    public void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        Pass(nameof(Unfold));
        device.Unfold(pixels, tiles, shape, patches);
    }

    public void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output) =>
        device.AddPositions(patches, tiles, classEmbedding, positions, output);

    public void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output) =>
        device.PixelShuffle(input, tiles, grid, side, output);

    private void Pass(string operation)
    {
        Passes++;
        _open.Wait();
        FailWhereBroken(operation);
    }

    private void FailWhereBroken(string operation)
    {
        if (_fault is { } fault && fault.Operation == operation)
        {
            throw fault.Failure;
        }
    }

    private sealed record Fault(string Operation, Exception Failure);
}
