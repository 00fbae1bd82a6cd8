namespace Pipeline.Media.Tests;

/// <summary>Layouts and pixels equal those of transformers' image processor.</summary>
public class TileReferenceTests
{
    public static TheoryData<int> Cases { get; } = new(Enumerable.Range(0, TileCase.All.Count));

    public static TheoryData<int> PixelCases { get; } =
        new(Enumerable.Range(0, TileCase.All.Count).Where(i => TileCase.All[i].Tensor is not null));

    [Fact]
    public void Every_case_of_the_reference_is_there()
    {
        Assert.Equal(44, Cases.Count);
        Assert.Equal(42, PixelCases.Count);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Layout_equals_the_reference(int index)
    {
        var expected = TileCase.All[index];
        var layout = new ImageTiler(expected.Options).Plan(expected.Width, expected.Height);
        Assert.Equal(expected.RowsColumns, new[] { layout.Rows, layout.Columns });
        Assert.Equal(expected.Tiles, new[] { layout.Tiles, 3, expected.Tile, expected.Tile });
    }

    /// <summary>The budget is one level, yet the arithmetic is the reference's own: nothing may differ.</summary>
    [Theory]
    [MemberData(nameof(PixelCases))]
    public void Levels_equal_the_reference(int index)
    {
        var expected = TileCase.All[index];
        var tiler = new ImageTiler(expected.Options);
        var layout = tiler.Plan(expected.Width, expected.Height);
        var tiles = new float[layout.Tiles * tiler.TileLength];
        tiler.Tile(expected.DecodeRgb(), expected.Width, expected.Height, layout, tiles);

        var reference = expected.ReadPixels();
        Assert.Equal(reference.Length, tiles.Length);
        var differing = Enumerable.Range(0, tiles.Length)
            .Count(i => TileCase.Level(tiles[i]) != TileCase.Level(reference[i]));
        Assert.True(differing == 0, $"{expected}: {differing} of {tiles.Length} levels differ");
    }
}
