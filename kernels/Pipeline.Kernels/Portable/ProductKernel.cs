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

/// <summary>
/// Sums of one tile: some rows by at most <see cref="TileOutputs"/> outputs. The weight passes through panels that fit the
/// first-level cache; the order of summation of a (row, output) depends on the orientation and on nothing else.
/// </summary>
internal static unsafe class ProductKernel
{
    /// <summary>Outputs of a tile.</summary>
    public const int TileOutputs = 64;

    /// <summary>Most rows of a tile: enough to pay for widening, few enough that their accumulators stay in the second-level cache.</summary>
    public const int TileRows = 128;

    /// <summary>Floats of the widened panel.</summary>
    public const int PanelSize = DotOutputs * DotStride;

    /// <summary>Floats of the accumulators carried from panel to panel.</summary>
    public const int CarrySize = TileRows * DotOutputs * Padding.Lanes;

    /// <summary>Floats of a tile's sums.</summary>
    public const int SumsSize = TileRows * TileOutputs;

    private const int DotOutputs = 16;
    private const int DotInputs = 512;
    private const int DotStride = DotInputs + Padding.Lanes;
    private const int OuterInputs = 128;

    /// <summary>sums[r, o] = input[first + r] * weight[output + o], rows <see cref="TileOutputs"/> floats apart.</summary>
    public static void Run<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        if (weight.Spec.Orientation == WeightOrientation.OutputsByInputs)
        {
            for (var o = 0; o < outputs; o += DotOutputs)
            {
                Dot<V>(input, first, rows, weight, part, output + o, Math.Min(DotOutputs, outputs - o), scratch, sums + o);
            }
        }
        else
        {
            Outer<V>(input, first, rows, weight, part, output, outputs, scratch, sums);
        }
    }

    private static void Dot<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        var inputs = weight.Spec.Inputs;
        for (var k = 0; k < inputs; k += DotInputs)
        {
            var length = Math.Min(DotInputs, inputs - k);
            WeightPanel.Widen<V>(
                weight.Spec.Format, weight.Address(part, output, k), weight.StrideBytes(part), outputs, length, scratch.Panel, DotStride);
            var carry = scratch.Carry;
            for (var r = 0; r < rows; r += DotKernel<V>.Rows)
            {
                var x = input.Rows(first + r, first + rows).Skip(k);
                for (var o = 0; o < outputs; o += DotKernel<V>.Outputs, carry += DotKernel<V>.CarrySize)
                {
                    DotKernel<V>.Run(
                        x,
                        scratch.Panel + (o * DotStride),
                        DotStride,
                        length,
                        carry,
                        first: k == 0,
                        last: k + length == inputs,
                        sums + (r * TileOutputs) + o,
                        TileOutputs);
                }
            }
        }
    }

    private static void Outer<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        var inputs = weight.Spec.Inputs;
        for (var k = 0; k < inputs; k += OuterInputs)
        {
            var length = Math.Min(OuterInputs, inputs - k);
            WeightPanel.Widen<V>(
                weight.Spec.Format, weight.Address(part, output, k), weight.StrideBytes(part), length, outputs, scratch.Panel, TileOutputs);
            for (var r = 0; r < rows; r += DotKernel<V>.Rows)
            {
                var x = input.Rows(first + r, first + rows).Skip(k);
                for (var o = 0; o < outputs; o += OuterKernel<V>.Outputs)
                {
                    OuterKernel<V>.Run(
                        x, scratch.Panel + o, TileOutputs, length, first: k == 0, sums + (r * TileOutputs) + o, TileOutputs);
                }
            }
        }
    }
}
