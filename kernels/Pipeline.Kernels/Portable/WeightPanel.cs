using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>
/// Widens a block of a weight to float32, in its own orientation, padded with zeros to whole vectors. The block then serves many
/// rows from the first-level cache, and only here do kernels meet formats, strides, alignment and the ends of rows.
/// </summary>
internal static unsafe class WeightPanel
{
    /// <summary>Widens <paramref name="rows"/> stored rows of <paramref name="columns"/> elements, <paramref name="stride"/> bytes apart.</summary>
    public static void Widen<V>(
        NumberFormat format, byte* source, long stride, int rows, int columns, float* panel, int panelStride)
        where V : unmanaged, ILanes<V>
    {
        switch (format)
        {
            case NumberFormat.F32:
                Widen<V, F32Number>(source, stride, rows, columns, panel, panelStride);
                break;
            case NumberFormat.F16:
                Widen<V, F16Number>(source, stride, rows, columns, panel, panelStride);
                break;
            default:
                Widen<V, BF16Number>(source, stride, rows, columns, panel, panelStride);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen<V, N>(byte* source, long stride, int rows, int columns, float* panel, int panelStride)
        where V : unmanaged, ILanes<V>
        where N : INumber
    {
        var whole = columns - (columns % V.Count);
        for (var row = 0; row < rows; row++, source += stride, panel += panelStride)
        {
            for (nint i = 0; i < whole; i += V.Count)
            {
                V.Store(N.Load<V>(source + (i * N.Size)), panel + i);
            }

            if (whole < columns)
            {
                V.Store(Partial.Load<V, N>(source + ((nint)whole * N.Size), columns - whole), panel + whole);
            }
        }
    }
}
