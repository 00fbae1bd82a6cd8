namespace Pipeline.Kernels.Tests;

/// <summary>A tile of the product on the tensor cores, played on the host with the kernel's own places and PTX.</summary>
public sealed class MatrixTileTests
{
    private static readonly (string Ptx, int Row)[] s_stores =
    [
        (MatrixPtx.Store0Upper, 0), (MatrixPtx.Store0Lower, 8), (MatrixPtx.Store1Upper, 16), (MatrixPtx.Store1Lower, 24),
        (MatrixPtx.Store2Upper, 32), (MatrixPtx.Store2Lower, 40), (MatrixPtx.Store3Upper, 48), (MatrixPtx.Store3Lower, 56),
    ];

    [Theory]
    [InlineData(MatrixTile.Outputs)]
    [InlineData(99)]
    public void A_tile_of_all_warps_is_the_product(int outputs)
    {
        var random = new Random(outputs);
        var (rows, weights) = (Numbers(random), Numbers(random));
        var result = new float?[MatrixTile.Rows, MatrixTile.Outputs];
        var shared = Copy(rows, weights);
        for (var first = 0; first < MatrixTile.Threads; first += 32)
        {
            var (warp, start) = (new PtxWarp(shared), first);
            foreach (var half in new[] { 0, MatrixTile.OtherHalf })
            {
                warp.Multiply(
                    MatrixPtx.Multiply, lane => MatrixTile.RowAddress(start + lane) ^ half, lane => MatrixTile.OutputAddress(start + lane) ^ half);
            }

            foreach (var (ptx, row) in s_stores)
            {
                warp.Store(ptx, lane => outputs - MatrixTile.SumOutput(start + lane), (lane, column, sum) =>
                {
                    ref var target = ref result[MatrixTile.SumRow(start + lane) + row, MatrixTile.SumOutput(start + lane) + column];
                    Assert.Null(target);
                    target = sum;
                });
            }
        }

        for (var row = 0; row < MatrixTile.Rows; row++)
        {
            for (var output = 0; output < MatrixTile.Outputs; output++)
            {
                float? expected = output < outputs ? Dot(rows, row, weights, output) : null;
                Assert.Equal(expected, result[row, output]);
            }
        }
    }

    [Fact]
    public void Eight_rows_that_ldmatrix_reads_together_lie_in_different_banks()
    {
        for (var first = 0; first < MatrixTile.Threads; first += 8)
        {
            Assert.Equal(8, Enumerable.Range(first, 8).Select(thread => MatrixTile.RowAddress(thread) / 16 % 8).Distinct().Count());
            Assert.Equal(8, Enumerable.Range(first, 8).Select(thread => MatrixTile.OutputAddress(thread) / 16 % 8).Distinct().Count());
        }
    }

    [Fact]
    public void Every_byte_of_a_stage_is_copied_once()
    {
        var places = Enumerable.Range(0, MatrixTile.Threads)
            .Select(thread => MatrixTile.Chunk(MatrixTile.CopyRow(thread), MatrixTile.CopyChunk(thread)))
            .SelectMany(place => new[] { 0, 4096, 8192, 12288 }.Select(offset => place + offset));
        Assert.Equal(Enumerable.Range(0, MatrixTile.StageBytes / 16).Select(i => i * 16), places.Order());
    }

    /// <summary>What the copies leave in shared memory: rows, then weights, as the kernel's four sources lie.</summary>
    private static byte[] Copy(ushort[] rows, ushort[] weights)
    {
        var shared = new byte[MatrixTile.StageBytes];
        for (var thread = 0; thread < MatrixTile.Threads; thread++)
        {
            var (row, chunk) = (MatrixTile.CopyRow(thread), MatrixTile.CopyChunk(thread));
            foreach (var (source, further, offset) in new[] { (rows, 0, 0), (rows, 64, 4096), (weights, 0, 8192), (weights, 64, 12288) })
            {
                Buffer.BlockCopy(
                    source, ((row + further) * MatrixTile.RowBytes) + (16 * chunk), shared, MatrixTile.Chunk(row, chunk) + offset, 16);
            }
        }

        return shared;
    }

    /// <summary>Small whole numbers in BF16 [128, 32], so that sums are exact in any order.</summary>
    private static ushort[] Numbers(Random random) =>
        [.. Enumerable.Range(0, MatrixTile.Rows * MatrixTile.Step).Select(_ => (ushort)(BitConverter.SingleToUInt32Bits(random.Next(-8, 9)) >> 16))];

    private static float Dot(ushort[] rows, int row, ushort[] weights, int output) => Enumerable.Range(0, MatrixTile.Step)
        .Sum(k => Widen(rows[(row * MatrixTile.Step) + k]) * Widen(weights[(output * MatrixTile.Step) + k]));

    private static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
