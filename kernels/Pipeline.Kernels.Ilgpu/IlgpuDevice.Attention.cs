using System.Numerics;
using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Which kernel attends: on the tensor cores where many rows of a sequence follow each other, by warps over splits of the keys where few
/// do, else the plain one. A device has only those that its hardware runs.
/// </summary>
public sealed partial class IlgpuDevice
{
    /// <summary>Floats of split attention's results at a time; a launch takes as many rows as fit.</summary>
    private const long MostParts = 16 << 20;

    /// <summary>The end of the rows from <paramref name="first"/> on that see the same keys, each one more than the row before.</summary>
    internal static int EndOfRun(StepTable table, int first, int chunk)
    {
        var end = first + 1;
        while (end < table.Rows
            && table.RowSequences[end] == table.RowSequences[first]
            && table.Positions[end] == table.Positions[end - 1] + 1
            && (chunk == 0 || table.Positions[end] % chunk != 0))
        {
            end++;
        }

        return end;
    }

    /// <summary>
    /// Whether the tensor cores take so many rows that share keys. They round as they do in products; so a model that has no
    /// weights for them keeps float32 here too.
    /// </summary>
    private bool Flashes(int rows, int headSize) =>
        FastKernels && _flash is not null && _rounds && rows > FewRows && FlashAttention.Takes(headSize);

    private void AttendRows(
        StepTable table, AttendShape shape, ArrayView<int> uploaded, ArrayView<float> query, ArrayView<float> pool, ArrayView<float> output)
    {
        var (few, end) = (0, 0);
        for (var first = 0; first < table.Rows; first = end)
        {
            end = EndOfRun(table, first, shape.Chunk);
            if (Flashes(end - first, shape.Pool.HeadSize))
            {
                AttendSplits(table, few, first, shape, uploaded, query, pool, output);
                _flash!.Attend(shape, first, end - first, table.Positions[first], uploaded, query, pool, output);
                few = end;
            }
        }

        AttendSplits(table, few, end, shape, uploaded, query, pool, output);
    }

    private void AttendSplits(
        StepTable table, int firstRow, int end, AttendShape shape, ArrayView<int> uploaded, ArrayView<float> query, ArrayView<float> pool, ArrayView<float> output)
    {
        if (firstRow == end)
        {
            return;
        }

        var longest = 0;
        foreach (var position in table.Positions.AsSpan(firstRow..end))
        {
            longest = Math.Max(longest, shape.Chunk == 0 ? position : position % shape.Chunk);
        }

        // Rounded up, so that the launches of a step stay what they were while its sequences grow.
        var splits = (int)BitOperations.RoundUpToPowerOf2((uint)(longest / WarpAttentionKernels.SplitKeys) + 1);
        var rowParts = (long)shape.Heads * splits * WarpAttentionKernels.PartSize(shape.Pool.HeadSize);
        var together = (int)Math.Clamp(MostParts / rowParts, 1, end - firstRow);
        var parts = _parts.Of(together * rowParts);
        for (var first = firstRow; first < end; first += together)
        {
            var split = new SplitShape(shape, first, Math.Min(together, end - first), splits);
            var heads = (long)split.Rows * shape.Heads;
            _runtime.Warps!.Split(_runtime.Stream, _runtime.OverWarps(heads * splits), uploaded, query, pool, parts, split);
            _runtime.Warps.Merge(_runtime.Stream, _runtime.OverWarps(heads), uploaded, parts, output, split);
        }
    }
}
