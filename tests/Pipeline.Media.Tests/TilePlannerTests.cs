using CsCheck;

namespace Pipeline.Media.Tests;

/// <summary>The canvas rule against a plain retelling of it, and what holds for every layout.</summary>
public class TilePlannerTests
{
    private static readonly Gen<int> Side = Gen.Frequency(
        (4, Gen.Int[1, 900]), (2, Gen.Int[1, 8]), (2, Gen.Int[900, 20_000]), (1, Gen.OneOf(56, 112, 336, 672, 1344)));

    private static readonly Gen<(TilingOptions Options, int Width, int Height)> Pictures =
        Gen.Select(Gen.OneOf(1, 14, 56, 112, 336), Gen.Int[1, 40], Gen.Bool, Side, Side)
            .Select((tile, max, toCanvas, width, height) => (TileCase.OptionsFor(tile, max, toCanvas), width, height));

    [Fact]
    public void Grid_is_the_one_the_rule_names() =>
        Pictures.Sample(picture =>
        {
            var (options, width, height) = picture;
            var layout = new ImageTiler(options).Plan(width, height);
            Assert.Equal(BestGrid(options, width, height), (layout.Rows, layout.Columns));
        }, iter: 2_000);

    [Fact]
    public void Picture_lies_within_its_canvas_and_keeps_its_aspect() =>
        Pictures.Sample(picture =>
        {
            var (options, width, height) = picture;
            var layout = new ImageTiler(options).Plan(width, height);
            var grid = layout.Rows * layout.Columns;
            Assert.InRange(grid, 1, options.MaxTiles);
            Assert.Equal(grid > 1 ? grid + 1 : 1, layout.Tiles);
            Assert.Equal((layout.Columns * options.TileSize, layout.Rows * options.TileSize), (layout.CanvasWidth, layout.CanvasHeight));
            Assert.InRange(layout.ResizedWidth, 1, layout.CanvasWidth);
            Assert.InRange(layout.ResizedHeight, 1, layout.CanvasHeight);

            // The tighter limit sets the scale; a floor then takes less than a pixel, and one pixel always stays.
            var widthLimit = options.ResizeToMaxCanvas ? layout.CanvasWidth : Math.Min(Math.Max(width, options.TileSize), layout.CanvasWidth);
            var heightLimit = options.ResizeToMaxCanvas ? layout.CanvasHeight : Math.Min(Math.Max(height, options.TileSize), layout.CanvasHeight);
            var scale = Math.Min((double)widthLimit / width, (double)heightLimit / height);
            Assert.InRange(layout.ResizedWidth, (width * scale) - 1.01, Math.Max(width * scale, 1) + 0.01);
            Assert.InRange(layout.ResizedHeight, (height * scale) - 1.01, Math.Max(height * scale, 1) + 0.01);
        }, iter: 2_000);

    [Theory]
    [InlineData(1, 1, 1, 1, 336, 336)]
    [InlineData(1, 10_000, 16, 1, 1, 5376)]
    [InlineData(30_000, 2, 1, 16, 5376, 1)]
    [InlineData(1920, 1080, 3, 5, 1680, 945)]
    public void Layout_of_known_shapes(int width, int height, int rows, int columns, int resizedWidth, int resizedHeight)
    {
        var layout = new ImageTiler(TileCase.OptionsFor(336, 16)).Plan(width, height);
        Assert.Equal(
            (rows, columns, resizedWidth, resizedHeight),
            (layout.Rows, layout.Columns, layout.ResizedWidth, layout.ResizedHeight));
    }

    [Theory]
    [InlineData(1920, 1080, 336, 189)]
    [InlineData(1080, 1920, 189, 336)]
    [InlineData(100, 50, 336, 168)]
    public void Frame_is_one_tile(int width, int height, int resizedWidth, int resizedHeight) =>
        Assert.Equal(
            new TileLayout(1, 1, 1, 336, 336, resizedWidth, resizedHeight),
            new ImageTiler(TileCase.OptionsFor(336, 1)).Plan(width, height));

    private static (int Rows, int Columns) BestGrid(TilingOptions options, int width, int height)
    {
        var grids =
            (from rows in Enumerable.Range(1, options.MaxTiles)
             from columns in Enumerable.Range(1, options.MaxTiles)
             where rows * columns <= options.MaxTiles
             let across = (float)(columns * options.TileSize) / width
             let down = (float)(rows * options.TileSize) / height
             select (Rows: rows, Columns: columns, Scale: across < down ? across : down)).ToList();
        var enlarging = grids.Where(grid => grid.Scale >= 1).ToList();
        var chosen = enlarging.Count == 0 ? grids.Max(grid => grid.Scale)
            : options.ResizeToMaxCanvas ? enlarging.Max(grid => grid.Scale)
            : enlarging.Min(grid => grid.Scale);
        var best = grids.Where(grid => grid.Scale == chosen).MinBy(grid => grid.Rows * grid.Columns);
        return (best.Rows, best.Columns);
    }
}
