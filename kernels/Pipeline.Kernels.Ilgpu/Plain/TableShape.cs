using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Where the parts of an uploaded step table begin, in 32-bit words; floats lie as their bits.
/// <see cref="Pages"/> and <see cref="PageOffsets"/> are those of one kind of attention.
/// </summary>
internal readonly record struct TableShape(
    int TokenIds,
    int Positions,
    int RowSequences,
    int QueryScales,
    int Cosines,
    int Sines,
    int VisualTargets,
    int OutputRows,
    int PageOffsets,
    int Pages,
    int Pairs)
{
    /// <summary>The pool's page that holds a page of the row's sequence.</summary>
    public int Page(ArrayView<int> table, long row, int page) =>
        table[Pages + table[PageOffsets + table[RowSequences + row]] + page];
}
