namespace Pipeline.Media;

/// <summary>Chooses the canvas of a picture as transformers' <c>Llama4ImageProcessor</c> does (<c>get_best_fit</c>,
/// <c>get_max_res_without_distortion</c>), to the last bit of its arithmetic: the reference divides tensors in
/// float32 but Python integers in double, and a floor of the product tells the two apart.</summary>
internal static class TilePlanner
{
    public static TileLayout Plan(TilingOptions options, int width, int height)
    {
        var size = options.TileSize;
        var (rows, columns) = ChooseGrid(options, width, height);
        var canvas = (Width: columns * size, Height: rows * size);
        var (resizedWidth, resizedHeight) = Fit(options, width, height, canvas.Width, canvas.Height);
        var tiles = rows * columns;
        return new TileLayout(
            rows, columns, tiles > 1 ? tiles + 1 : 1, canvas.Width, canvas.Height, resizedWidth, resizedHeight);
    }

    /// <summary>The least enlargement where one is possible (the greatest with <c>resize_to_max_canvas</c>), else the
    /// least reduction; of equal ones the smallest area. No two grids tie in both: if (h, w) and (h', w') with h &lt; h'
    /// have one scale, so has (h, w'), which is smaller.</summary>
    private static (int Rows, int Columns) ChooseGrid(TilingOptions options, int width, int height)
    {
        var best = (Rows: 0, Columns: 0);
        var bestScale = 0f;
        for (var rows = 1; rows <= options.MaxTiles; rows++)
        {
            for (var columns = 1; columns <= options.MaxTiles / rows; columns++)
            {
                var scale = Math.Min(
                    (float)(columns * options.TileSize) / width, (float)(rows * options.TileSize) / height);
                var smaller = rows * columns < best.Rows * best.Columns;
                if (best.Rows == 0 || (scale == bestScale ? smaller : IsBetter(scale, bestScale, options.ResizeToMaxCanvas)))
                {
                    best = (rows, columns);
                    bestScale = scale;
                }
            }
        }

        return best;
    }

    private static bool IsBetter(float scale, float best, bool toMaxCanvas) =>
        best >= 1 && !toMaxCanvas ? scale >= 1 && scale < best : scale > best;

    /// <summary>The largest size within the canvas that keeps the aspect and, unless <c>resize_to_max_canvas</c>,
    /// enlarges no side beyond one tile.</summary>
    private static (int Width, int Height) Fit(TilingOptions options, int width, int height, int canvasWidth, int canvasHeight)
    {
        var toCanvas = options.ResizeToMaxCanvas;
        var widthLimit = Math.Max(width, options.TileSize);
        var heightLimit = Math.Max(height, options.TileSize);

        // The canvas's sides are tensors in the reference, the limits are Python integers, and min() keeps either.
        var widthIsTensor = toCanvas || canvasWidth < widthLimit;
        var heightIsTensor = toCanvas || canvasHeight < heightLimit;
        var targetWidth = widthIsTensor ? canvasWidth : widthLimit;
        var targetHeight = heightIsTensor ? canvasHeight : heightLimit;

        var widthScale = Scale(targetWidth, width, widthIsTensor);
        var heightScale = Scale(targetHeight, height, heightIsTensor);
        var widthIsTighter = widthIsTensor || heightIsTensor
            ? (float)widthScale < (float)heightScale
            : widthScale < heightScale;
        return widthIsTighter
            ? (targetWidth, Scaled(height, widthScale, widthIsTensor, targetHeight))
            : (Scaled(width, heightScale, heightIsTensor, targetWidth), targetHeight);
    }

    private static double Scale(int target, int original, bool isTensor) =>
        isTensor ? (float)target / original : (double)target / original;

    private static int Scaled(int original, double scale, bool isTensor, int limit)
    {
        var product = isTensor ? original * (float)scale : original * scale;
        return Math.Clamp((int)product, 1, limit);
    }
}
