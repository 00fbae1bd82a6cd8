using ILGPU.Runtime;

namespace Pipeline.Kernels.Tests;

/// <summary>What the device does before a grouped product, on the simulator.</summary>
public sealed class GroupTests(OptimizedSimulator fixture) : IClassFixture<OptimizedSimulator>
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 4)]
    [InlineData(100, 3)]
    [InlineData(257, 16)]
    public void Assignments_are_ordered_by_expert_and_cut_into_tiles(int assignments, int experts)
    {
        const int tileRows = 16;
        var random = new Random(assignments);
        var chosen = Enumerable.Range(0, assignments).Select(_ => random.Next(-1, experts)).ToArray();
        var most = GroupShape.MostTiles(assignments, experts, tileRows);
        var shape = new GroupShape(assignments, experts, tileRows, most);
        var runtime = fixture.Runtime;
        using var routing = runtime.Allocate<int>("routing", assignments);
        using var counts = runtime.Allocate<int>("counts", experts);
        using var order = runtime.Allocate<int>("order", assignments);
        using var tiles = runtime.Allocate<int>("tiles", 3 * most);
        routing.View.CopyFromCPU(runtime.Stream, chosen);
        runtime.Plain.Count(runtime.Stream, runtime.Over(experts), routing.View, counts.View, shape);
        runtime.Plain.Place(runtime.Stream, runtime.Over(experts + 1), routing.View, counts.View, order.View, tiles.View, shape);

        var (read, list) = (new int[assignments], new int[3 * most]);
        order.View.CopyToCPU(runtime.Stream, read);
        tiles.View.CopyToCPU(runtime.Stream, list);
        var expected = Enumerable.Range(0, assignments).Where(i => chosen[i] >= 0).OrderBy(i => chosen[i]).ThenBy(i => i).ToArray();
        Assert.Equal(expected, read[..expected.Length]);
        var covered = new List<int>();
        foreach (var tile in list.Chunk(3).Where(tile => tile[2] > 0))
        {
            Assert.InRange(tile[2], 1, tileRows);
            Assert.All(read[tile[1]..(tile[1] + tile[2])], assignment => Assert.Equal(tile[0], chosen[assignment]));
            covered.AddRange(read[tile[1]..(tile[1] + tile[2])]);
        }

        Assert.Equal(expected, covered);
    }

    [Fact]
    public void Rows_are_rounded_to_the_nearest_BF16_and_padded_with_zeros()
    {
        const int rows = 2, columns = 5, words = 4;
        float[] input = [1f, 1.00390625f, 1.01171875f, -3.1415927f, float.NaN, float.PositiveInfinity, 1e-40f, 0f, -0f, 65504f];
        var runtime = fixture.Runtime;
        using var source = runtime.Allocate<float>("source", input.Length);
        using var target = runtime.Allocate<uint>("target", rows * words);
        source.View.CopyFromCPU(runtime.Stream, input);
        runtime.Plain.Round(runtime.Stream, runtime.Over(rows * words), source.View, target.View, rows, columns, words);
        var read = new uint[rows * words];
        target.View.CopyToCPU(runtime.Stream, read);

        float Element(int row, int column) => BitConverter.UInt32BitsToSingle((read[(row * words) + (column / 2)] >> (column % 2 * 16)) << 16);
        Assert.Equal([1f, 1f, 1.015625f, -3.140625f, float.NaN, 0f, 0f, 0f], Enumerable.Range(0, 2 * words).Select(column => Element(0, column)));
        Assert.Equal([float.PositiveInfinity, BitConverter.UInt32BitsToSingle(1 << 16), 0f, -0f, 65536f, 0f, 0f, 0f], Enumerable.Range(0, 2 * words).Select(column => Element(1, column)));
    }
}
