namespace Pipeline.Kernels;

/// <summary>
/// Sums of one tile: some rows by at most <see cref="TileOutputs"/> outputs. The weight passes through panels that fit the
/// first-level cache; the order of summation of a (row, output) depends on the orientation and on nothing else (quantized weights
/// have one).
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

    /// <summary>Most rows for which weights are widened in the kernel: the panel's detour pays only where more rows share it.</summary>
    private const int InPlaceRows = 8;

    private const int DotOutputs = 16;
    private const int DotInputs = 512;
    private const int DotStride = DotInputs + Padding.Lanes;
    private const int OuterInputs = 128;

    /// <summary>sums[r, o] = input[first + r] * weight[output + o], rows <see cref="TileOutputs"/> floats apart.</summary>
    public static void Run<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        if (weight.Spec.Quantization != Quantization.None)
        {
            for (var o = 0; o < outputs; o += DotOutputs)
            {
                Quantized<V>(input, first, rows, weight, part, output + o, Math.Min(DotOutputs, outputs - o), scratch, sums + o);
            }
        }
        else if (weight.Spec.Orientation == WeightOrientation.OutputsByInputs)
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

    /// <summary>As <see cref="Dot"/>, on rows that end with whole blocks: inputs are followed by zeros, and outputs by memory.</summary>
    private static void Quantized<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        var tile = new ProductTile(input, first, rows, outputs, scratch.Carry, sums);
        var stored = weight.Quantized(part, output);
        if (rows <= InPlaceRows)
        {
            QuantizedNumbers.Run(weight.Spec.Quantization, new QuantizedDotBlocks<V>(tile, stored, weight.Rows));
            return;
        }

        var inputs = weight.Rows.Blocks * QuantizedBlock.Size;
        int length;
        for (var k = 0; k < inputs; k += length)
        {
            length = Math.Min(DotInputs, inputs - k);
            QuantizedNumbers.Run(weight.Spec.Quantization, new QuantizedPanel<V>(stored, weight.Rows, k, length, outputs, scratch.Panel, DotStride));
            new DotBlocks<V>(tile, (byte*)scratch.Panel, DotStride * sizeof(float), k, length, last: k + length == inputs).Run<NearNumber>();
        }
    }

    private static void Dot<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        var inputs = weight.Spec.Inputs;
        var tile = new ProductTile(input, first, rows, outputs, scratch.Carry, sums);
        int length;
        for (var k = 0; k < inputs; k += length)
        {
            var stored = weight.Address(part, output, k);
            var stride = weight.StrideBytes(part);
            length = inputs - k;
            if (rows <= InPlaceRows && outputs % DotKernel.Outputs == 0 && length >= V.Count)
            {
                length -= length % V.Count;
                Numbers.Run(weight.Spec.Format, new DotBlocks<V>(tile, stored, stride, k, length, last: k + length == inputs));
            }
            else
            {
                length = Math.Min(DotInputs, length);
                Numbers.Run(weight.Spec.Format, new WeightPanel<V>(stored, stride, outputs, length, scratch.Panel, DotStride));
                new DotBlocks<V>(tile, (byte*)scratch.Panel, DotStride * sizeof(float), k, length, last: k + length == inputs).Run<NearNumber>();
            }
        }
    }

    private static void Outer<V>(
        RowSource input, int first, int rows, PortableWeight weight, int part, int output, int outputs, ThreadScratch scratch, float* sums)
        where V : unmanaged, ILanes<V>
    {
        var inputs = weight.Spec.Inputs;
        var tile = new ProductTile(input, first, rows, outputs, scratch.Carry, sums);
        for (var k = 0; k < inputs; k += OuterInputs)
        {
            var stored = weight.Address(part, output, k);
            var stride = weight.StrideBytes(part);
            var length = Math.Min(OuterInputs, inputs - k);
            if (rows <= InPlaceRows && outputs % OuterKernel.Outputs<V>() == 0)
            {
                Numbers.Run(weight.Spec.Format, new OuterBlocks<V>(tile, stored, stride, k, length));
            }
            else
            {
                Numbers.Run(weight.Spec.Format, new WeightPanel<V>(stored, stride, length, outputs, scratch.Panel, TileOutputs));
                new OuterBlocks<V>(tile, (byte*)scratch.Panel, TileOutputs * sizeof(float), k, length).Run<NearNumber>();
            }
        }
    }
}
