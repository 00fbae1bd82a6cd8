namespace Pipeline.Kernels.Tests;

/// <summary>The quantized outputs of a tile, from packed rows to BF16 in shared memory, by the kernel's own places and PTX.</summary>
public sealed unsafe class QuantizedTileTests
{
    [Theory]
    [InlineData(Quantization.Int8, StoredShape.Int8)]
    [InlineData(Quantization.Int4, StoredShape.Int4)]
    public void Threads_put_each_number_times_its_scale_where_the_product_expects_it(Quantization quantization, int format)
    {
        const int steps = 3;
        using var weights = new TestWeights(seed: format);
        var spec = weights.Matrix(MatrixTile.Outputs, steps * MatrixTile.Step, NumberFormat.BF16, WeightOrientation.InputsByOutputs) with { Quantization = quantization };
        var rows = new QuantizedRows(quantization, spec.Inputs);
        var packed = new byte[MatrixTile.Outputs * rows.RowBytes];
        fixed (byte* target = packed)
        {
            rows.Pack(spec, part: 0, first: 0, MatrixTile.Outputs, target);
        }

        for (var step = 0; step < steps; step++)
        {
            var shared = new byte[MatrixTile.StageBytes];
            for (var thread = 0; thread < MatrixTile.Threads; thread++)
            {
                var row = QuantizedTile.Output(thread) * rows.RowBytes;
                var ptx = new PtxThread(packed, shared);
                ptx.Run(
                    QuantizedPtx.Fetch,
                    row + (step * 4 * format) + QuantizedTile.CodeOffset(thread, format),
                    row + rows.ScaleOffset + (step * QuantizedBlock.ScaleBytes));
                ptx.Run(quantization == Quantization.Int8 ? QuantizedPtx.Decode8 : QuantizedPtx.Decode4, QuantizedTile.Shift(thread));
                ptx.Run(QuantizedPtx.Store, QuantizedTile.Place(thread, 0), QuantizedTile.Place(thread, 1));
            }

            Assert.All(shared[..MatrixTile.PartBytes], rest => Assert.Equal(0, rest));
            for (var i = 0; i < MatrixTile.Outputs * MatrixTile.Step; i++)
            {
                var (output, input) = (i / MatrixTile.Step, i % MatrixTile.Step);
                Assert.Equal(
                    PtxThread.RoundToBF16(WeightReader.Loaded(spec, 0, output, (step * MatrixTile.Step) + input)),
                    BitConverter.ToUInt16(shared, MatrixTile.PartBytes + MatrixTile.Chunk(output, input / 8) + (2 * (input % 8))));
            }
        }
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
