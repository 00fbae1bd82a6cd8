using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Where the input rows of a product lie: in a buffer, in order or gathered by an index.</summary>
/// <param name="buffer">The rows.</param>
/// <param name="order">Index of each gathered row times <paramref name="divisor"/>, or null for rows in order.</param>
/// <param name="divisor">Entries of <paramref name="order"/> that share a row.</param>
internal readonly unsafe struct RowSource(PortableBuffer buffer, int[]? order = null, int divisor = 1)
{
    public float* Row(int index) => buffer.Row(order is null ? index : order[index] / divisor);

    /// <summary>Four rows from <paramref name="index"/> on; those from <paramref name="end"/> on repeat the last.</summary>
    public Rows4 Rows(int index, int end) =>
        new(Row(index), Row(Math.Min(index + 1, end - 1)), Row(Math.Min(index + 2, end - 1)), Row(Math.Min(index + 3, end - 1)));
}

/// <summary>Some rows by some outputs, whose sums are taken together.</summary>
/// <param name="input">Where the rows come from.</param>
/// <param name="first">The first row.</param>
/// <param name="rows">Number of rows.</param>
/// <param name="outputs">Number of outputs.</param>
/// <param name="carry">Accumulators between ranges of inputs.</param>
/// <param name="sums">[rows, outputs] sums, rows <see cref="ProductKernel.TileOutputs"/> floats apart.</param>
internal readonly unsafe struct ProductTile(RowSource input, int first, int rows, int outputs, float* carry, float* sums)
{
    public int Rows => rows;

    public int Outputs => outputs;

    public float* Carry => carry;

    /// <summary>Four rows from <paramref name="row"/> on, at input <paramref name="k"/>.</summary>
    public Rows4 Input(int row, int k) => input.Rows(first + row, first + rows).Skip(k);

    public float* Sums(int row, int output) => sums + (row * ProductKernel.TileOutputs) + output;
}

/// <summary>A tile's blocks of four rows by four outputs, over a range of inputs that lie side by side.</summary>
internal readonly unsafe struct DotBlocks<V>(ProductTile tile, byte* weights, nint stride, int k, int length, bool last) : INumberWork
    where V : unmanaged, ILanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<N>()
        where N : INumber
    {
        var carry = tile.Carry;
        for (var r = 0; r < tile.Rows; r += DotKernel.Rows)
        {
            var x = tile.Input(r, k);
            for (var o = 0; o < tile.Outputs; o += DotKernel.Outputs, carry += DotKernel.CarrySize<V>())
            {
                DotKernel.Run<V, N>(
                    x, weights + (o * stride), stride, length, carry, first: k == 0, last, tile.Sums(r, o), ProductKernel.TileOutputs);
            }
        }
    }
}

/// <summary>A tile's blocks of four rows by four vectors of outputs that lie side by side, over a range of inputs.</summary>
internal readonly unsafe struct OuterBlocks<V>(ProductTile tile, byte* weights, nint stride, int k, int length) : INumberWork
    where V : unmanaged, ILanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<N>()
        where N : INumber
    {
        for (var r = 0; r < tile.Rows; r += OuterKernel.Rows)
        {
            var x = tile.Input(r, k);
            for (var o = 0; o < tile.Outputs; o += OuterKernel.Outputs<V>())
            {
                OuterKernel.Run<V, N>(x, weights + (o * N.Size), stride, length, first: k == 0, tile.Sums(r, o), ProductKernel.TileOutputs);
            }
        }
    }
}
