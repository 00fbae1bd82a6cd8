namespace Pipeline.Kernels;

/// <summary>
/// Causal attention over pages; an item is a row and a key/value head, so that all query heads of that head share one read
/// of its keys and values. A page is a block.
/// </summary>
internal sealed unsafe class AttentionWork(InstructionPath path, CpuTeam team, ThreadScratch[] scratch) : LaneWork(path)
{
    private StepTable _table = null!;
    private AttentionSpec _spec = null!;
    private PortableBuffer _query = null!;
    private PortableBuffer _output = null!;
    private PortableKvPool _pool = null!;
    private int _layer;

    public void Run(StepTable table, AttentionSpec spec, PortableBuffer query, PortableKvPool pool, int layer, PortableBuffer output)
    {
        (_table, _spec, _query, _pool, _layer, _output) = (table, spec, query, pool, layer, output);
        long keys = 0;
        for (var row = 0; row < table.Rows; row++)
        {
            keys += table.Positions[row] - First(table.Positions[row]) + 1;
        }

        foreach (var own in scratch)
        {
            own.Reserve(AttentionKernel<Lanes512>.ScratchSize(spec.HeadSize, pool.Shape.PageTokens));
        }

        team.Run(this, table.Rows * spec.KvHeads, keys * spec.Heads * spec.HeadSize * 2 / Padding.Lanes);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        var kernel = new AttentionKernel<V>(scratch[thread].Extra, _spec.HeadSize, _pool.Shape.PageTokens);
        for (var item = first; item < end; item++)
        {
            var (row, kvHead) = Math.DivRem(item, _spec.KvHeads);
            var group = _spec.Heads / _spec.KvHeads;
            for (var head = kvHead * group; head < (kvHead + 1) * group; head += DotKernel.Rows)
            {
                Attend(kernel, row, kvHead, head, Math.Min(DotKernel.Rows, ((kvHead + 1) * group) - head));
            }
        }
    }

    private void Attend<V>(AttentionKernel<V> kernel, int row, int kvHead, int firstHead, int heads)
        where V : unmanaged, ILanes<V>
    {
        for (var q = 0; q < DotKernel.Rows; q++)
        {
            kernel.SetQuery(q, _query.Row(row) + ((firstHead + Math.Min(q, heads - 1)) * _spec.HeadSize));
        }

        kernel.Reset();
        var position = _table.Positions[row];
        var pageTokens = _pool.Shape.PageTokens;
        var pages = _table.Pages(_spec.Kind);
        var offset = _table.PageOffsets(_spec.Kind)[_table.RowSequences[row]];
        for (var page = First(position) / pageTokens; page <= position / pageTokens; page++)
        {
            var id = pages[offset + page];
            kernel.Merge(
                _pool.Keys(id, _layer, kvHead),
                _pool.Values(id, _layer, kvHead),
                _pool.HeadStride,
                Math.Min(pageTokens, position + 1 - (page * pageTokens)),
                _spec.SoftmaxScale);
        }

        for (var q = 0; q < heads; q++)
        {
            kernel.Store(q, _output.Row(row) + ((firstHead + q) * _spec.HeadSize));
        }
    }

    /// <summary>The first position that a query sees; a page's first, as pages divide the chunk.</summary>
    private int First(int position) => _spec.Chunk == 0 ? 0 : position / _spec.Chunk * _spec.Chunk;
}

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
                for (var q = 0; q < DotKernel.Rows; q++)
                {
                    kernel.SetQuery(q, _query.Row(row + Math.Min(q, queries - 1)) + (head * size));
                }

                kernel.Reset();
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
