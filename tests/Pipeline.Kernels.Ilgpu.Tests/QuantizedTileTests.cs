using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels.Tests;

/// <summary>The product of quantized weights on the tensor cores, executed on the host from its PTX.</summary>
public sealed unsafe class QuantizedTileTests
{
    private static readonly Lazy<PtxProgram> s_program = new(() => new PtxProgram(PtxLaunch.Generate(
        typeof(QuantizedMatrixKernels).GetMethod(nameof(QuantizedMatrixKernels.Product))!, new KernelSpecialization(MatrixTile.Threads, 2))));

    [Theory]
    [InlineData(Quantization.Int8, StoredShape.Int8, 1)]
    [InlineData(Quantization.Int8, StoredShape.Int8, 5)]
    [InlineData(Quantization.Int4, StoredShape.Int4, 2)]
    [InlineData(Quantization.Int4, StoredShape.Int4, 4)]
    public void Each_weight_is_its_number_times_its_scale_rounded_once(Quantization quantization, int format, int steps)
    {
        const int outputs = 131;
        using var weights = new TestWeights(seed: format);
        var inputs = steps * MatrixTile.Step;
        var spec = weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.InputsByOutputs) with { Quantization = quantization };
        var packing = new QuantizedRows(quantization, inputs);
        var bytes = new byte[outputs * packing.RowBytes];
        fixed (byte* target = bytes)
        {
            packing.Pack(spec, part: 0, first: 0, outputs, target);
        }

        using var packed = new PtxMemory<byte>(bytes);
        using var rows = new PtxMemory<ushort>(new ushort[inputs * inputs]);
        using var sums = new PtxMemory<float>(new float[inputs * outputs]);
        for (var i = 0; i < inputs; i++)
        {
            rows.Values[(i * inputs) + i] = PtxArithmetic.RoundToBF16(1); // row i yields the weights of input i
        }

        PtxLaunch.Run(
            s_program.Value,
            new KernelConfig(new Index3D(2, (inputs + MatrixTile.Rows - 1) / MatrixTile.Rows, 1), new Index3D(MatrixTile.Threads, 1, 1)),
            late: steps % 2 == 0,
            rows.Address,
            packed.Address,
            sums.Address,
            new byte[16],
            new byte[16],
            PtxLaunch.Bytes(new QuantizedMatrixShape(new MatrixShape(inputs, outputs, inputs, 0, 1), new StoredShape(format, packing.RowBytes / 4, outputs))));
        Assert.Equal(
            Enumerable.Range(0, inputs * outputs)
                .Select(i => PtxArithmetic.Widen(PtxArithmetic.RoundToBF16(WeightReader.Loaded(spec, 0, i % outputs, i / outputs)))),
            sums.Values.ToArray());
    }

    [Fact]
    public void Eight_threads_that_store_together_meet_different_banks()
    {
        for (var first = 0; first < MatrixTile.Threads; first += 8)
        {
            foreach (var chunk in new[] { 0, 1 })
            {
                Assert.Equal(8, Enumerable.Range(first, 8).Select(thread => QuantizedTile.Place(thread, chunk) / 16 % 8).Distinct().Count());
            }
        }
    }
}
