using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>
/// Attention of many rows on the tensor cores: keys and values are packed as BF16 once a launch, queries and weights rounded on their
/// way; scores, their softmax and the sums are float32.
/// </summary>
/// <param name="runtime">The accelerator.</param>
/// <param name="mostChunks">Chunks (16 bytes) of packed keys and values at a time; a launch takes as many sets as fit, at least one.</param>
internal sealed class FlashAttention(IlgpuRuntime runtime, long mostChunks = 16 << 20) : IDisposable
{
    private const float Log2E = 1.44269504f;

    private readonly IlgpuScratch<Words4> _packed = new(runtime);

    public static bool Takes(int headSize) => headSize % 8 == 0 && headSize <= FlashTile.LongestHead;

    /// <summary>Attention of rows of one sequence and one chunk, whose positions follow each other.</summary>
    /// <param name="position">Position of the first row.</param>
    public void Attend(
        AttendShape shape, int firstRow, int rows, int position, ArrayView<int> table, ArrayView<float> query, ArrayView<float> pool, ArrayView<float> output)
    {
        var (sets, firstKey) = (shape.Pool.KvHeads, WarpAttentionKernels.FirstKey(position, shape.Chunk));
        var whole = new FlashShape(
            firstRow, rows, shape.Heads, sets, shape.Pool.HeadSize, position + rows - firstKey, Causal: 1, 0, 0, shape.SoftmaxScale * Log2E);
        for (var part = First(whole, sets); part.Sets > 0; part = Next(part, sets))
        {
            var chunks = PackKernels.Chunks(part);
            var packed = _packed.Of(2 * chunks);
            runtime.Plain.PackPages(
                runtime.Stream, runtime.Over(chunks), table, pool.Cast<Floats4>(), packed, new PackShape(part, shape.Table, shape.Pool, firstRow, firstKey));
            Launch(part, query, packed, output);
        }
    }

    /// <summary>As <see cref="AttentionKernels.AttendTiles"/>.</summary>
    public void AttendTiles(ArrayView<float> query, ArrayView<float> key, ArrayView<float> value, ArrayView<float> output, TileAttendShape shape)
    {
        var sets = shape.Rows / shape.Tokens * shape.Heads;
        var whole = new FlashShape(
            0, shape.Tokens, shape.Heads, shape.Heads, shape.HeadSize, shape.Tokens, Causal: 0, 0, 0, shape.SoftmaxScale * Log2E);
        for (var part = First(whole, sets); part.Sets > 0; part = Next(part, sets))
        {
            var chunks = PackKernels.Chunks(part);
            var packed = _packed.Of(2 * chunks);
            runtime.Plain.PackTiles(runtime.Stream, runtime.Over(chunks), key.Cast<Floats4>(), value.Cast<Floats4>(), packed, part);
            Launch(part, query, packed, output);
        }
    }

    public void Dispose() => _packed.Dispose();

    private FlashShape First(FlashShape whole, int sets) =>
        whole with { Sets = (int)Math.Clamp(mostChunks / (2 * PackKernels.Chunks(whole with { Sets = 1 })), 1, sets) };

    private static FlashShape Next(FlashShape part, int sets)
    {
        var first = part.FirstSet + part.Sets;
        return part with { FirstSet = first, Sets = Math.Min(part.Sets, sets - first) };
    }

    private void Launch(FlashShape shape, ArrayView<float> query, ArrayView<Words4> packed, ArrayView<float> output) => runtime.Flash!(
        runtime.Stream,
        new KernelConfig(
            new Index3D(shape.Sets, (shape.Queries + FlashTile.Queries - 1) / FlashTile.Queries, 1), new Index3D(FlashTile.Threads, 1, 1)),
        query.LoadEffectiveAddressAsPtr(),
        packed.LoadEffectiveAddressAsPtr(),
        output.LoadEffectiveAddressAsPtr(),
        shape);
}
