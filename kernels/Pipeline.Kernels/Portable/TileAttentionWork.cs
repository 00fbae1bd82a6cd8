using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Attention without a mask inside each tile; an item is a tile and a head, whose keys are turned once.</summary>
internal sealed unsafe class TileAttentionWork(InstructionPath path, CpuTeam team, ThreadScratch[] scratch) : LaneWork(path)
{
    private const int BlockTokens = 128;

    private PortableBuffer _query = null!;
    private PortableBuffer _key = null!;
    private PortableBuffer _value = null!;
    private PortableBuffer _output = null!;
    private int _tokens;
    private int _heads;
    private float _softmaxScale;

    /// <summary>Floats from element to element of the turned keys, with room for a block beyond the last token.</summary>
    private int KeyStride => Padding.Row(_tokens + OuterKernel.Outputs<Lanes512>());

    public void Run(
        PortableBuffer query, PortableBuffer key, PortableBuffer value, int tiles, int tokens, int heads, float softmaxScale, PortableBuffer output)
    {
        (_query, _key, _value, _output) = (query, key, value, output);
        (_tokens, _heads, _softmaxScale) = (tokens, heads, softmaxScale);
        var size = query.Columns / heads;
        foreach (var own in scratch)
        {
            own.Reserve(AttentionKernel<Lanes512>.ScratchSize(size, BlockTokens) + ((long)size * KeyStride));
        }

        team.Run(this, tiles * heads, (long)tiles * tokens * tokens * query.Columns * 2 / Padding.Lanes);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        var size = _query.Columns / _heads;
        var keys = scratch[thread].Extra;
        var kernel = new AttentionKernel<V>(keys + ((long)size * KeyStride), size, BlockTokens);
        for (var item = first; item < end; item++)
        {
            var (tile, head) = Math.DivRem(item, _heads);
            Turn(tile, head, size, keys);
            for (var token = 0; token < _tokens; token += AttentionKernel<V>.Queries)
            {
                Attend(kernel, tile * _tokens, token, head * size, keys);
            }
        }
    }

    /// <summary>Attention of up to four rows of the tile that begins at <paramref name="firstRow"/>.</summary>
    private void Attend<V>(AttentionKernel<V> kernel, int firstRow, int token, int column, float* keys)
        where V : unmanaged, ILanes<V>
    {
        var count = Math.Min(AttentionKernel<V>.Queries, _tokens - token);
        var queries = Rows4.From(_query.Row(firstRow + token) + column, _query.Stride, count);
        kernel.Start();
        for (var k = 0; k < _tokens; k += BlockTokens)
        {
            kernel.Merge(
                queries, keys + k, KeyStride, _value.Row(firstRow + k) + column, _value.Stride, Math.Min(BlockTokens, _tokens - k), _softmaxScale);
        }

        for (var q = 0; q < count; q++)
        {
            kernel.Store(q, _output.Row(firstRow + token + q) + column);
        }
    }

    /// <summary>Lays the keys of one head across: [head size, tokens].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Turn(int tile, int head, int size, float* target)
    {
        for (var t = 0; t < _tokens; t++)
        {
            var key = _key.Row((tile * _tokens) + t) + (head * size);
            for (var i = 0; i < size; i++)
            {
                target[((long)i * KeyStride) + t] = key[i];
            }
        }
    }
}
