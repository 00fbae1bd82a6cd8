namespace Pipeline.Kernels;

/// <summary>Operations of the vision encoder.</summary>
public sealed partial class ReferenceDevice
{
    public void Rotate(DeviceBuffer query, DeviceBuffer key, int rows, int heads, DeviceBuffer cosines, DeviceBuffer sines)
    {
        foreach (var buffer in new[] { (ReferenceBuffer)query, (ReferenceBuffer)key })
        {
            for (var row = 0; row < rows; row++)
            {
                for (var j = 0; j < buffer.Columns / 2; j++)
                {
                    var angle = (Row: row % cosines.Rows, Pair: j % cosines.Columns);
                    Rotate(
                        buffer.Row(row).Slice(2 * j, 2),
                        ((ReferenceBuffer)cosines)[angle.Row, angle.Pair],
                        ((ReferenceBuffer)sines)[angle.Row, angle.Pair]);
                }
            }
        }
    }

    public void AttendTiles(
        DeviceBuffer query, DeviceBuffer key, DeviceBuffer value, int tiles, int tokens, int heads, float softmaxScale, DeviceBuffer output)
    {
        var size = query.Columns / heads;
        for (var row = 0; row < tiles * tokens; row++)
        {
            var tile = Enumerable.Range(row / tokens * tokens, tokens);
            for (var h = 0; h < heads; h++)
            {
                var head = new Range(h * size, (h + 1) * size);
                var keys = tile.Select(r => ((ReferenceBuffer)key).Row(r)[head].ToArray()).ToList();
                var values = tile.Select(r => ((ReferenceBuffer)value).Row(r)[head].ToArray()).ToList();
                Attend(((ReferenceBuffer)query).Row(row)[head], keys, values, softmaxScale, ((ReferenceBuffer)output).Row(row)[head]);
            }
        }
    }

    public void Unfold(DeviceBuffer pixels, int tiles, TileShape shape, DeviceBuffer patches)
    {
        var (size, patch) = (shape.TileSize, shape.PatchSize);
        for (var i = 0; i < tiles * shape.TileElements; i++)
        {
            var (tile, channel, y, x) = (i / shape.TileElements, i / (size * size) % shape.Channels, i / size % size, i % size);
            var row = (tile * shape.Patches) + (y / patch * shape.Grid) + (x / patch);
            var column = (((channel * patch) + (y % patch)) * patch) + (x % patch);
            ((ReferenceBuffer)patches)[row, column] = ((ReferenceBuffer)pixels)[tile, i % shape.TileElements];
        }
    }

    public void AddPositions(DeviceBuffer patches, int tiles, DeviceWeight classEmbedding, DeviceWeight positions, DeviceBuffer output)
    {
        var perTile = positions.Spec.Outputs;
        for (var row = 0; row < tiles * perTile; row++)
        {
            var (tile, position) = (row / perTile, row % perTile);
            for (var i = 0; i < output.Columns; i++)
            {
                var patch = position == perTile - 1
                    ? ((ReferenceWeight)classEmbedding).At(0, i)
                    : ((ReferenceBuffer)patches)[(tile * (perTile - 1)) + position, i];
                ((ReferenceBuffer)output)[row, i] = patch + ((ReferenceWeight)positions).At(position, i);
            }
        }
    }

    public void PixelShuffle(DeviceBuffer input, int tiles, int grid, int side, DeviceBuffer output)
    {
        var (hidden, squares) = (input.Columns, grid / side);
        for (var row = 0; row < tiles * squares * squares; row++)
        {
            var (tile, squareY, squareX) = (row / (squares * squares), row / squares % squares, row % squares);
            for (var column = 0; column < output.Columns; column++)
            {
                var (dy, dx) = (column / hidden / side, column / hidden % side);
                var patch = (((squareY * side) + dy) * grid) + (squareX * side) + dx;
                ((ReferenceBuffer)output)[row, column] = ((ReferenceBuffer)input)[(tile * ((grid * grid) + 1)) + patch, column % hidden];
            }
        }
    }

    /// <summary>x * Phi(x).</summary>
    private static double Gelu(double x) => x * (1 + Erf(x / Math.Sqrt(2))) / 2;

    /// <summary>The error function by its Taylor series, and 1 beyond where doubles tell no difference.</summary>
    internal static double Erf(double x)
    {
        if (Math.Abs(x) > 6)
        {
            return Math.Sign(x);
        }

        // erf(x) = 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms of one sign, nothing cancels.
        var (term, sum) = (x, x);
        for (var n = 1; n < 200; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
