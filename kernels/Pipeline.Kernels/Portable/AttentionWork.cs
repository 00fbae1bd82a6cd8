namespace Pipeline.Kernels;

/// <summary>
/// Causal attention over pages; an item is a run of rows and a key/value head, so that all rows of the run and all query heads of
/// that head share one read of its keys and values. A page is a block.
/// </summary>
internal sealed unsafe class AttentionWork(InstructionPath path, CpuTeam team, ThreadScratch[] scratch) : LaneWork(path)
{
    /// <summary>Most rows of a run: a page then comes from a near cache for all but the first.</summary>
    private const int RunRows = 8;

    private StepTable _table = null!;
    private AttentionSpec _spec = null!;
    private PortableBuffer _query = null!;
    private PortableBuffer _output = null!;
    private PortableKvPool _pool = null!;
    private int[] _runs = [];
    private int _layer;

    public void Run(StepTable table, AttentionSpec spec, PortableBuffer query, PortableKvPool pool, int layer, PortableBuffer output)
    {
        (_table, _spec, _query, _pool, _layer, _output) = (table, spec, query, pool, layer, output);
        long keys = 0;
        for (var row = 0; row < table.Rows; row++)
        {
            keys += table.Positions[row] - First(row) + 1;
        }

        foreach (var own in scratch)
        {
            own.Reserve(RunRows * AttentionKernel<Lanes512>.ScratchSize(spec.HeadSize, pool.Shape.PageTokens));
        }

        team.Run(this, FindRuns() * spec.KvHeads, keys * spec.Heads * spec.HeadSize * 2 / Padding.Lanes);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        var group = _spec.Heads / _spec.KvHeads;
        for (var item = first; item < end; item++)
        {
            var (run, kvHead) = Math.DivRem(item, _spec.KvHeads);
            for (var head = kvHead * group; head < (kvHead + 1) * group; head += AttentionKernel<V>.Queries)
            {
                Attend<V>(_runs[run], _runs[run + 1], kvHead, head, Math.Min(AttentionKernel<V>.Queries, ((kvHead + 1) * group) - head), scratch[thread]);
            }
        }
    }

    private void Attend<V>(int firstRow, int endRow, int kvHead, int head, int heads, ThreadScratch own)
        where V : unmanaged, ILanes<V>
    {
        var (firstPage, lastPage) = (int.MaxValue, 0);
        for (var row = firstRow; row < endRow; row++)
        {
            firstPage = Math.Min(firstPage, First(row) / _pool.Shape.PageTokens);
            lastPage = Math.Max(lastPage, _table.Positions[row] / _pool.Shape.PageTokens);
            Kernel<V>(own, row - firstRow).Start();
        }

        for (var page = firstPage; page <= lastPage; page++)
        {
            Merge<V>(firstRow, endRow, page, kvHead, head, heads, own);
        }

        for (var row = firstRow; row < endRow; row++)
        {
            var kernel = Kernel<V>(own, row - firstRow);
            for (var q = 0; q < heads; q++)
            {
                kernel.Store(q, _output.Row(row) + ((head + q) * _spec.HeadSize));
            }
        }
    }

    /// <summary>Merges one page into those rows of a run that see any of it.</summary>
    private void Merge<V>(int firstRow, int endRow, int page, int kvHead, int head, int heads, ThreadScratch own)
        where V : unmanaged, ILanes<V>
    {
        var pageTokens = _pool.Shape.PageTokens;
        var id = _table.Pages(_spec.Kind)[_table.PageOffsets(_spec.Kind)[_table.RowSequences[firstRow]] + page];
        float* keys = _pool.Keys(id, _layer, kvHead), values = _pool.Values(id, _layer, kvHead);
        for (var row = firstRow; row < endRow; row++)
        {
            var tokens = Math.Min(pageTokens, _table.Positions[row] + 1 - (page * pageTokens));
            if (tokens > 0 && page >= First(row) / pageTokens)
            {
                Kernel<V>(own, row - firstRow).Merge(
                    Rows4.From(_query.Row(row) + (head * _spec.HeadSize), _spec.HeadSize, heads),
                    keys,
                    _pool.KeyStride,
                    values,
                    _pool.ValueStride,
                    tokens,
                    _spec.SoftmaxScale);
            }
        }
    }

    private AttentionKernel<V> Kernel<V>(ThreadScratch own, int index)
        where V : unmanaged, ILanes<V> =>
        new(own.Extra + (index * AttentionKernel<V>.ScratchSize(_spec.HeadSize, _pool.Shape.PageTokens)), _spec.HeadSize, _pool.Shape.PageTokens);

    /// <summary>Finds runs of rows of one sequence: run i is the rows from runs[i] to runs[i + 1].</summary>
    private int FindRuns()
    {
        if (_runs.Length <= _table.Rows)
        {
            _runs = new int[_table.Rows + 1];
        }

        var runs = 0;
        for (var row = 0; row < _table.Rows; row++)
        {
            if (row == 0 || row - _runs[runs - 1] == RunRows || _table.RowSequences[row] != _table.RowSequences[row - 1])
            {
                _runs[runs++] = row;
            }
        }

        _runs[runs] = _table.Rows;
        return runs;
    }

    /// <summary>The first position that a row sees; a page's first, as pages divide the chunk.</summary>
    private int First(int row) => _spec.Chunk == 0 ? 0 : _table.Positions[row] / _spec.Chunk * _spec.Chunk;
}
