using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>
/// Widens a block of a weight to float32, in its own orientation, padded with zeros to whole vectors. The block then serves many
/// rows from the first-level cache; only here do kernels meet the ends of stored rows.
/// </summary>
/// <param name="source">The first stored row.</param>
/// <param name="stride">Bytes from one stored row to the next.</param>
/// <param name="rows">Stored rows.</param>
/// <param name="columns">Elements of each.</param>
/// <param name="panel">Where they go.</param>
/// <param name="panelStride">Floats from row to row there.</param>
internal readonly unsafe struct WeightPanel<V>(byte* source, nint stride, int rows, int columns, float* panel, int panelStride) : INumberWork
    where V : unmanaged, ILanes<V>
{
    /// <summary>Bytes of a block between a row's prefetch and its use: rows lie too far apart for the processor's own prefetcher.</summary>
    private const int Ahead = 2048;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<N>()
        where N : INumber
    {
        var (from, to) = ((nint)source, (nint)panel);
        var whole = columns - (columns % V.Count);
        var ahead = stride * Math.Max(1, Ahead / (columns * N.Size));
        for (var row = 0; row < rows; row++, from += stride, to += panelStride * sizeof(float))
        {
            for (nint i = 0; i < whole; i += V.Count)
            {
                N.Prefetch((byte*)from + ahead + (i * N.Size));
                V.Store(N.Load<V>((byte*)from + (i * N.Size)), (float*)to + i);
            }

            if (whole < columns)
            {
                V.Store(Partial.Load<V, N>((byte*)from + (whole * N.Size), columns - whole), (float*)to + whole);
            }
        }
    }
}
