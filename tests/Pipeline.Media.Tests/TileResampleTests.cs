using System.Runtime.Intrinsics;
using CsCheck;

namespace Pipeline.Media.Tests;

/// <summary>The vector passes against their slow twin, the padding, and the shapes that break careless resizers.</summary>
public class TileResampleTests
{
    private static readonly Gen<int> Side = Gen.Frequency((3, Gen.Int[1, 70]), (1, Gen.Int[70, 400]), (1, Gen.Const(56)));

    [Fact]
    public void Tiles_equal_the_slow_twin() =>
        Gen.Select(Side, Side, Gen.OneOf(1, 14, 33, 56), Gen.Int[1, 9], Gen.Bool, Gen.Int)
            .Sample((width, height, tile, max, toCanvas, seed) =>
                AssertEqualsTwin(TileCase.OptionsFor(tile, max, toCanvas), Noise(width, height, seed), width, height), iter: 300);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 10_000)]
    [InlineData(10_000, 1)]
    [InlineData(2, 30_000)]
    [InlineData(30_000, 2)]
    [InlineData(3, 5)]
    public void Extreme_shapes_equal_the_slow_twin(int width, int height) =>
        AssertEqualsTwin(TileCase.OptionsFor(112, 16), Noise(width, height, seed: 7), width, height);

    [Fact]
    public void Largest_level_never_overflows()
    {
        var rgb = new byte[500 * 301 * 3];
        rgb.AsSpan().Fill(255);
        var layout = new TileLayout(1, 1, 1, 77, 77, 77, 77);
        var tiler = new ImageTiler(TileCase.OptionsFor(77, 1));
        var tiles = new float[tiler.TileLength];
        tiler.Tile(rgb, 500, 301, layout, tiles);
        Assert.All(tiles, value => Assert.Equal(1f, value));
    }

    [Fact]
    public void Padding_is_level_zero_right_and_below()
    {
        var tiler = new ImageTiler(TileCase.OptionsFor(56, 4) with { Mean = [0.1f, 0.2f, 0.3f], Std = [1, 2, 4] });
        var layout = tiler.Plan(80, 60);
        Assert.Equal((2, 2, 80, 60), (layout.Rows, layout.Columns, layout.ResizedWidth, layout.ResizedHeight));
        var rgb = new byte[80 * 60 * 3];
        rgb.AsSpan().Fill(255);
        var tiles = new float[layout.Tiles * tiler.TileLength];
        tiles.AsSpan().Fill(float.NaN);
        tiler.Tile(rgb, 80, 60, layout, tiles);

        float[] padding = [-0.1f, -0.1f, -0.075f];
        float[] white = [0.9f, 0.4f, 0.175f];
        for (var i = 0; i < 4 * tiler.TileLength; i++)
        {
            var (tile, channel, y, x) = (i / tiler.TileLength, i / 3136 % 3, i / 56 % 56, i % 56);
            var inside = (tile % 2 * 56) + x < 80 && (tile / 2 * 56) + y < 60;
            Assert.Equal((inside ? white : padding)[channel], tiles[i], 6);
        }

        var global = tiles[^tiler.TileLength..];
        Assert.All(Enumerable.Range(0, global.Length), i => Assert.Equal(white[i / 3136], global[i], 6));
    }

    [Fact]
    public void Values_are_normalised_in_float32()
    {
        var tiler = new ImageTiler(TileCase.OptionsFor(16, 1));
        var rgb = Enumerable.Range(0, 256 * 3).Select(i => (byte)(i / 3)).ToArray();
        var tiles = new float[tiler.TileLength];
        tiler.Tile(rgb, 16, 16, tiler.Plan(16, 16), tiles);
        for (var i = 0; i < tiles.Length; i++)
        {
            Assert.Equal(((i % 256 / 255f) - 0.5f) / 0.5f, tiles[i]);
        }
    }

    [Fact]
    public void Nothing_is_allocated_once_the_sizes_are_known()
    {
        var rgb = Noise(640, 360, seed: 3);
        var tiler = new ImageTiler(TileCase.OptionsFor(112, 4));
        var layout = tiler.Plan(640, 360);
        var tiles = new float[layout.Tiles * tiler.TileLength];
        tiler.Tile(rgb, 640, 360, layout, tiles);

        // The least of a few: under memory pressure the array pool may drop what it kept between two calls.
        var least = long.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            tiler.Tile(rgb, 640, 360, layout, tiles);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    /// <summary>The global tile of a picture one pixel wide is 336 wide: all of it between the passes would be 500 MB.</summary>
    [Theory]
    [InlineData(1, 500_000)]
    [InlineData(500_000, 1)]
    public void Scratch_stays_small_for_the_longest_pictures(int width, int height)
    {
        var rgb = Noise(width, height, seed: 11);
        var tiler = new ImageTiler(TileCase.OptionsFor(336, 16));
        var layout = tiler.Plan(width, height);
        var tiles = new float[layout.Tiles * tiler.TileLength];
        var before = GC.GetAllocatedBytesForCurrentThread();
        tiler.Tile(rgb, width, height, layout, tiles);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Portable_pairs_equal_their_definition() =>
        Gen.Select(Gen.Byte, Gen.Byte, Gen.Short[0, short.MaxValue], Gen.Short[0, short.MaxValue]).Sample((a, b, u, v) =>
        {
            var levels = Vector128.Create((short)a, b, a, b, a, b, a, b).AsByte();
            Assert.Equal(
                Vector128.Create((a * u) + (b * v)), ResampleKernels.AddPairsPortable(levels, (v << 16) | (ushort)u));
        });

    [Fact]
    public void Wrong_lengths_are_refused()
    {
        var tiler = new ImageTiler(TileCase.OptionsFor(56, 1));
        var layout = tiler.Plan(4, 4);
        Assert.Throws<ArgumentException>(() => tiler.Tile(new byte[47], 4, 4, layout, new float[tiler.TileLength]));
        Assert.Throws<ArgumentException>(() => tiler.Tile(new byte[48], 4, 4, layout, new float[tiler.TileLength - 1]));
    }

    private static byte[] Noise(int width, int height, int seed)
    {
        var rgb = new byte[width * height * 3];
        new Random(seed).NextBytes(rgb);
        return rgb;
    }

    private static void AssertEqualsTwin(TilingOptions options, byte[] rgb, int width, int height)
    {
        var tiler = new ImageTiler(options);
        var layout = tiler.Plan(width, height);
        var tiles = new float[layout.Tiles * tiler.TileLength];
        tiles.AsSpan().Fill(float.NaN);
        tiler.Tile(rgb, width, height, layout, tiles);
        Assert.Equal(TileTwin.Levels(options, layout, rgb, width, height), tiles.Select(TileCase.Level));
    }
}
