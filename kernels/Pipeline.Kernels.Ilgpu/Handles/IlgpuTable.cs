using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>A step table on the device: its arrays one behind the other, at the length of the step, sent in one copy.</summary>
internal sealed class IlgpuTable : IDisposable
{
    private readonly PageLockedArray1D<int> _host;
    private readonly DeviceMemory<int> _memory;
    private readonly int[] _pages = new int[2];
    private readonly int[] _pageOffsets = new int[2];
    private readonly HashSet<(AttentionKind Kind, int Chunk, KvShape Pool)> _checked = [];
    private TableShape _shape;
    private int _end;
    private (int Rows, int Sequences, int VisualRows, int Outputs) _counts;

    public IlgpuTable(IlgpuRuntime runtime, StepTable table)
    {
        var rows = table.TokenIds.Length;
        var sequences = table.PageOffsets(AttentionKind.Full).Length;
        var pages = table.Pages(AttentionKind.Full).Length;
        var words = ((long)rows * (4 + (2 * table.Pairs))) + table.VisualTargets.Length + table.OutputRows.Length + (2L * (sequences + pages));
        _host = runtime.Accelerator.AllocatePageLocked1D<int>(words);
        _memory = runtime.Allocate<int>("step table", words);
    }

    public ArrayView<int> View => _memory.View;

    /// <summary>The mark after which the host's copy may be written again.</summary>
    public long Sent { get; set; }

    /// <summary>Where the arrays lie, with the pages of one kind of attention.</summary>
    public TableShape Shape(AttentionKind kind) => _shape with { Pages = _pages[(int)kind], PageOffsets = _pageOffsets[(int)kind] };

    /// <summary>Whether the table still counts what was uploaded.</summary>
    public bool Matches(StepTable table) => _counts == Counts(table);

    public void Upload(StepTable table, IlgpuRuntime runtime)
    {
        _end = 0;
        _checked.Clear();
        _counts = Counts(table);
        _shape = new TableShape(
            Add(table.TokenIds.AsSpan(0, table.Rows)),
            Add(table.Positions.AsSpan(0, table.Rows)),
            Add(table.RowSequences.AsSpan(0, table.Rows)),
            Add(Bits(table.QueryScales.AsSpan(0, table.Rows))),
            Add(Bits(table.Cosines.AsSpan(0, table.Rows * table.Pairs))),
            Add(Bits(table.Sines.AsSpan(0, table.Rows * table.Pairs))),
            Add(table.VisualTargets.AsSpan(0, table.VisualRows)),
            Add(table.OutputRows.AsSpan(0, table.Outputs)),
            PageOffsets: 0,
            Pages: 0,
            table.Pairs);
        foreach (var kind in (ReadOnlySpan<AttentionKind>)[AttentionKind.Chunked, AttentionKind.Full])
        {
            _pageOffsets[(int)kind] = Add(table.PageOffsets(kind));
            _pages[(int)kind] = Add(table.Pages(kind));
        }

        try
        {
            runtime.Launches.Flush();
            View.SubView(0, _end).CopyFrom(runtime.Stream, _host.ArrayView.SubView(0, _end));
        }
        catch (AcceleratorException failure)
        {
            throw runtime.Failed(failure);
        }
    }

    /// <summary>Checks, once an upload, that every page a row sees is in the pool: a kernel would read past its end.</summary>
    public void RequirePages(string operation, StepTable table, AttentionSpec spec, KvShape pool)
    {
        if (_checked.Contains((spec.Kind, spec.Chunk, pool)))
        {
            return;
        }

        var (pages, offsets) = (table.Pages(spec.Kind), table.PageOffsets(spec.Kind));
        for (var row = 0; row < table.Rows; row++)
        {
            var last = table.Positions[row];
            var first = spec.Chunk == 0 ? 0 : last / spec.Chunk * spec.Chunk;
            var entries = offsets[table.RowSequences[row]];
            foreach (var page in pages.AsSpan((entries + (first / pool.PageTokens))..(entries + (last / pool.PageTokens) + 1)))
            {
                Check.That((uint)page < (uint)pool.Pages, operation, "pool", $"has no page {page}");
            }
        }

        _checked.Add((spec.Kind, spec.Chunk, pool));
    }

    public void Dispose()
    {
        _host.Dispose();
        _memory.Dispose();
    }

    private static (int Rows, int Sequences, int VisualRows, int Outputs) Counts(StepTable table) =>
        (table.Rows, table.Sequences, table.VisualRows, table.Outputs);

    private static ReadOnlySpan<int> Bits(ReadOnlySpan<float> values) => System.Runtime.InteropServices.MemoryMarshal.Cast<float, int>(values);

    private int Add(ReadOnlySpan<int> values)
    {
        var first = _end;
        values.CopyTo(_host.Span[first..]);
        _end += values.Length;
        return first;
    }
}
