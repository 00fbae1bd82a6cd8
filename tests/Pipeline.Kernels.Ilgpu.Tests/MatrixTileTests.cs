using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels.Tests;

/// <summary>The product on the tensor cores, executed on the host from its PTX, and the places that it shares with nothing but these.</summary>
public sealed class MatrixTileTests
{
    private static readonly Lazy<PtxProgram> s_program = new(() => new PtxProgram(
        PtxLaunch.Generate(typeof(MatrixKernels).GetMethod(nameof(MatrixKernels.Product))!, new KernelSpecialization(MatrixTile.Threads, 2))));

    [Theory]
    [InlineData(128, 128, 32, false)]
    [InlineData(131, 227, 64, true)]
    [InlineData(9, 99, 160, false)]
    public void Rows_of_one_weight_are_multiplied(int rows, int outputs, int inputs, bool late)
    {
        var random = new Random(rows);
        var (input, weight) = (Numbers(random, rows * inputs), Numbers(random, outputs * inputs));
        var expected = Enumerable.Range(0, rows * outputs).Select(i => Dot(input, i / outputs, weight, i % outputs, inputs));
        Assert.Equal(expected, Run(input, weight, [0], [0], rows, new MatrixShape(rows, outputs, inputs, 0, 1), late));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_of_a_tile_meet_the_part_that_the_tile_names(bool late)
    {
        const int outputs = 72, inputs = 96, slots = 2;
        var random = new Random(1);
        var (input, weight) = (Numbers(random, 5 * inputs), Numbers(random, 3 * outputs * inputs));
        int[] order = [3, 8, 0, 9, 1, 4, 7, 2], tiles = [2, 0, 5, 0, 5, 2, 1, 7, 0];
        var result = Run(input, weight, order, tiles, assignments: 10, new MatrixShape(0, outputs, inputs, 1, slots), late);
        for (var i = 0; i < order.Length; i++)
        {
            // The last assignment of the list is in no tile.
            var part = i < 5 ? 2 : 0;
            var expected = Enumerable.Range(0, outputs).Select(o => i == 7 ? float.NaN : Dot(input, order[i] / slots, weight, (part * outputs) + o, inputs));
            Assert.Equal(expected, result.Skip(order[i] * outputs).Take(outputs));
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

    /// <summary>Sums of all assignments, NaN where nothing was written; shared memory is filled by copies that come as late, or as soon, as they may.</summary>
    private static float[] Run(ushort[] input, ushort[] weight, int[] order, int[] tiles, int assignments, MatrixShape shape, bool late)
    {
        using var from = new PtxMemory<ushort>(input);
        using var by = new PtxMemory<ushort>(weight);
        using var to = new PtxMemory<float>([.. Enumerable.Repeat(float.NaN, assignments * shape.Outputs)]);
        using var list = new PtxMemory<int>(order);
        using var parts = new PtxMemory<int>(tiles);
        var groups = new Index3D(
            (shape.Outputs + MatrixTile.Outputs - 1) / MatrixTile.Outputs,
            shape.Grouped == 0 ? (shape.Rows + MatrixTile.Rows - 1) / MatrixTile.Rows : tiles.Length / 3,
            1);
        PtxLaunch.Run(
            s_program.Value,
            new KernelConfig(groups, new Index3D(MatrixTile.Threads, 1, 1)),
            late,
            from.Address,
            by.Address,
            to.Address,
            list.View,
            parts.View,
            PtxLaunch.Bytes(shape));
        return to.Values.ToArray();
    }

    /// <summary>Small whole numbers in BF16, so that sums are exact in any order.</summary>
    private static ushort[] Numbers(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => PtxArithmetic.RoundToBF16(random.Next(-8, 9)))];

    private static float Dot(ushort[] rows, int row, ushort[] weights, int output, int inputs) => Enumerable.Range(0, inputs)
        .Sum(k => PtxArithmetic.Widen(rows[(row * inputs) + k]) * PtxArithmetic.Widen(weights[(output * inputs) + k]));
}
