namespace Pipeline.Kernels;

/// <summary>Attention without a mask inside each tile; an item is a tile and a head, whose keys and values are packed once.</summary>
internal sealed unsafe class TileAttentionWork(InstructionPath path, CpuTeam team, ThreadScratch[] scratch) : LaneWork(path)
{
    private const int BlockTokens = 64;

    private PortableBuffer _query = null!;
    private PortableBuffer _key = null!;
    private PortableBuffer _value = null!;
    private PortableBuffer _output = null!;
    private int _tokens;
    private int _heads;
    private float _softmaxScale;

    public void Run(
        PortableBuffer query, PortableBuffer key, PortableBuffer value, int tiles, int tokens, int heads, float softmaxScale, PortableBuffer output)
    {
        (_query, _key, _value, _output) = (query, key, value, output);
        (_tokens, _heads, _softmaxScale) = (tokens, heads, softmaxScale);
        var size = query.Columns / heads;
        foreach (var own in scratch)
        {
            own.Reserve(AttentionKernel<Lanes512>.ScratchSize(size, BlockTokens) + (2L * PackedSize(size)));
        }

        team.Run(this, tiles * heads, (long)tiles * tokens * tokens * query.Columns * 2 / Padding.Lanes);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        var size = _query.Columns / _heads;
        var stride = Padding.Head(size);
        var keys = scratch[thread].Extra;
        var values = keys + PackedSize(size);
        var kernel = new AttentionKernel<V>(values + PackedSize(size), size, BlockTokens);
        for (var item = first; item < end; item++)
        {
            var (tile, head) = Math.DivRem(item, _heads);
            Pack(_key, tile, head, size, keys);
            Pack(_value, tile, head, size, values);
            for (var token = 0; token < _tokens; token += DotKernel.Rows)
            {
                var row = (tile * _tokens) + token;
                var queries = Math.Min(DotKernel.Rows, _tokens - token);
                kernel.Start(_query.Row(row) + (head * size), queries, _query.Stride);
                for (var k = 0; k < _tokens; k += BlockTokens)
                {
                    kernel.Merge(
                        keys + ((long)k * stride), values + ((long)k * stride), stride, Math.Min(BlockTokens, _tokens - k), _softmaxScale);
                }

                for (var q = 0; q < queries; q++)
                {
                    kernel.Store(q, _output.Row(row + q) + (head * size));
                }
            }
        }
    }

    /// <summary>Floats of one head of a tile, with the tokens that a kernel reads beyond the last.</summary>
    private long PackedSize(int size) => (long)(_tokens + DotKernel.Outputs) * Padding.Head(size);

    private void Pack(PortableBuffer source, int tile, int head, int size, float* target)
    {
        var stride = Padding.Head(size);
        for (var t = 0; t < _tokens; t++)
        {
            var row = new Span<float>(target + ((long)t * stride), stride);
            new Span<float>(source.Row((tile * _tokens) + t) + (head * size), size).CopyTo(row);
            row[size..].Clear();
        }
    }
}
