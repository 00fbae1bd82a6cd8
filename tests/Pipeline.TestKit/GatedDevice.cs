using Pipeline.Kernels;

namespace Pipeline.TestKit;

/// <summary>A device that can be stopped before its next pass and let go again, so that what waits for it fills up.</summary>
public sealed class GatedDevice(IDevice device) : IDevice
{
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private int _failNext;

    public string Description => device.Description;

    /// <summary>Passes (a step's upload, or a batch of tiles) begun so far.</summary>
    public int Passes { get; private set; }

    public void Close() => _open.Reset();

    public void Open() => _open.Set();

    /// <summary>Makes the next pass fail as a lost device does.</summary>
    public void Break() => Interlocked.Exchange(ref _failNext, 1);

    public void Dispose()
    {
        _open.Set();
        device.Dispose();
        _open.Dispose();
    }

    public DeviceWeight Load(WeightSpec spec) => device.Load(spec);

    public void Free(DeviceWeight weight) => device.Free(weight);

    public DeviceBuffer Allocate(string name, int rows, int columns) => device.Allocate(name, rows, columns);

    public DeviceRouting AllocateRouting(int rows, int slots) => device.AllocateRouting(rows, slots);

    public DeviceChoices AllocateChoices(int rows) => device.AllocateChoices(rows);

    public KvPool AllocateKv(KvShape shape) => device.AllocateKv(shape);

    public void Upload(ReadOnlySpan<float> source, DeviceBuffer target, int firstRow) => device.Upload(source, target, firstRow);

    public void Upload(StepTable table)
    {
        Pass();
        device.Upload(table);
    }

    public void Upload(ReadOnlySpan<int> experts, ReadOnlySpan<float> scores, DeviceRouting target) => device.Upload(experts, scores, target);

    public void Read(DeviceBuffer source, int firstRow, int rows, Span<float> target) => device.Read(source, firstRow, rows, target);

    public void Read(DeviceRouting source, int rows, Span<int> experts, Span<float> scores) => device.Read(source, rows, experts, scores);

    public void Read(DeviceChoices source, int rows, Span<TokenChoice> target) => device.Read(source, rows, target);

    public long Fence() => device.Fence();

    public bool IsDone(long fence) => device.IsDone(fence);

    public void Embed(StepTable table, DeviceWeight embedding, DeviceBuffer output) => device.Embed(table, embedding, output);

    public void ScatterRows(StepTable table, DeviceBuffer source, DeviceBuffer target) => device.ScatterRows(table, source, target);

    public void GatherRows(StepTable table, DeviceBuffer source, DeviceBuffer target) => device.GatherRows(table, source, target);

    public void Norm(NormKind kind, DeviceBuffer input, int rows, DeviceWeight weight, DeviceWeight? bias, float epsilon, DeviceBuffer output) =>
        device.Norm(kind, input, rows, weight, bias, epsilon, output);

    public void Product(DeviceBuffer input, int rows, IReadOnlyList<Projection> projections) => device.Product(input, rows, projections);

    public void RotateAppend(StepTable table, AttentionSpec spec, DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, KvPool pool, int layer) =>
        device.RotateAppend(table, spec, query, key, value, pool, layer);

    public void Attend(StepTable table, AttentionSpec spec, DeviceBuffer query, KvPool pool, int layer, DeviceBuffer output) =>
        device.Attend(table, spec, query, pool, layer, output);

    public void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines) =>
        device.Rotate(query, key, rows, heads, cosines, sines);

    public void AttendTiles(DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output) =>
        device.AttendTiles(query, key, value, tiles, tokens, heads, softmaxScale, output);

    public void Route(DeviceBuffer input, int rows, DeviceWeight router, RouterScore score, DeviceRouting routing) =>
        device.Route(input, rows, router, score, routing);

    public void ExpertRows(DeviceBuffer input, DeviceRouting routing, int rows, ExpertWeights weights, DeviceBuffer inner, DeviceBuffer output) =>
        device.ExpertRows(input, routing, rows, weights, inner, output);

    public void Combine(DeviceBuffer residual, DeviceBuffer shared, DeviceBuffer expertRows, int rows, int slots) =>
        device.Combine(residual, shared, expertRows, rows, slots);

    public void Logits(DeviceBuffer input, int rows, DeviceWeight head, DeviceBuffer logits) => device.Logits(input, rows, head, logits);

    public void Best(DeviceBuffer logits, int rows, DeviceChoices choices) => device.Best(logits, rows, choices);

    public void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        Pass();
        device.Unfold(pixels, tiles, shape, patches);
    }

    public void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output) =>
        device.AddPositions(patches, tiles, classEmbedding, positions, output);

    public void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output) =>
        device.PixelShuffle(input, tiles, grid, side, output);

    private void Pass()
    {
        Passes++;
        _open.Wait();
        if (Interlocked.Exchange(ref _failNext, 0) == 1)
        {
            throw new InvalidOperationException("the device was lost");
        }
    }
}
