using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Writes a step's table row by row: sequence after sequence, each with its page tables and rows.</summary>
public sealed class StepWriter
{
    private readonly PositionTables _positions;
    private readonly int[] _pageEntries = new int[2];

    internal StepWriter(StepTable table, PositionTables positions)
    {
        Table = table;
        _positions = positions;
    }

    public StepTable Table { get; }

    /// <summary>Empties the table for the next step.</summary>
    public void Clear()
    {
        Table.Rows = 0;
        Table.Sequences = 0;
        Table.VisualRows = 0;
        Table.Outputs = 0;
        _pageEntries.AsSpan().Clear();
    }

    /// <summary>Begins a sequence; the rows that follow are its own. Entry p of a page list holds positions [p * page, (p + 1) * page).</summary>
    public void BeginSequence(ReadOnlySpan<int> chunkedPages, ReadOnlySpan<int> fullPages)
    {
        AddPages(AttentionKind.Chunked, chunkedPages);
        AddPages(AttentionKind.Full, fullPages);
        Table.Sequences++;
    }

    /// <summary>Adds a token's row and returns its index.</summary>
    public int AddToken(int id, int position, RowRole role) => AddRow(id, position, role);

    /// <summary>Adds a row that takes the next visual token, in the order of the pass's visual rows, and returns its index.</summary>
    public int AddVisual(int position, RowRole role)
    {
        var row = AddRow(id: -1, position, role);
        Table.VisualTargets[Table.VisualRows++] = row;
        return row;
    }

    /// <summary>Wants the logits of a row; outputs are numbered in the order of these calls.</summary>
    public void AddOutput(int row) => Table.OutputRows[Table.Outputs++] = row;

    private int AddRow(int id, int position, RowRole role)
    {
        var row = Table.Rows++;
        Table.TokenIds[row] = id;
        Table.RowSequences[row] = Table.Sequences - 1;
        Table.Roles[row] = role;
        _positions.Fill(Table, row, position);
        return row;
    }

    private void AddPages(AttentionKind kind, ReadOnlySpan<int> pages)
    {
        ref var entries = ref _pageEntries[(int)kind];
        Table.PageOffsets(kind)[Table.Sequences] = entries;
        pages.CopyTo(Table.Pages(kind).AsSpan(entries));
        entries += pages.Length;
    }
}
