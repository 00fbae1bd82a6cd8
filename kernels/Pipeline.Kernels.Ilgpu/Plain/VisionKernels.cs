using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Sizes of tiles: patches of a side, pixels of a patch's side, channels.</summary>
internal readonly record struct UnfoldShape(int Tiles, int Grid, int Patch, int Channels);

/// <summary>The vision encoder's rearrangements; one thread an element of the output.</summary>
internal static class VisionKernels
{
    /// <summary>[tiles, (c, y, x)] to [tiles * patches, (c, y, x) of the patch].</summary>
    public static void Unfold(ArrayView<float> pixels, ArrayView<float> patches, UnfoldShape shape)
    {
        var (grid, patch) = (shape.Grid, shape.Patch);
        var elements = shape.Channels * patch * patch;
        var side = grid * patch;
        for (var item = Items.First; item < (long)shape.Tiles * grid * grid * elements; item += Items.Stride)
        {
            var row = item / elements;
            var column = (int)(item - (row * elements));
            var tile = row / (grid * grid);
            var place = (int)(row - (tile * grid * grid));
            var channel = column / (patch * patch);
            var y = (place / grid * patch) + (column / patch % patch);
            var x = (place % grid * patch) + (column % patch);
            patches[item] = pixels[(((((tile * shape.Channels) + channel) * side) + y) * side) + x];
        }
    }

    /// <summary>Each tile's patches, then the class embedding, each plus its position's embedding.</summary>
    public static void AddPositions(
        ArrayView<float> patches, ArrayView<float> classEmbedding, ArrayView<uint> positions, ArrayView<float> output, StoredShape stored, int tiles, int hidden)
    {
        var perTile = stored.Outputs;
        for (var item = Items.First; item < (long)tiles * perTile * hidden; item += Items.Stride)
        {
            var row = item / hidden;
            var column = (int)(item - (row * hidden));
            var tile = row / perTile;
            var position = row - (tile * perTile);
            var patch = position == perTile - 1
                ? classEmbedding[column]
                : patches[(((tile * (perTile - 1)) + position) * hidden) + column];
            output[item] = patch + Stored.Element(positions, stored.Row(0, position), column, stored.Format);
        }
    }

    /// <summary>[tiles * (grid^2 + 1), hidden] to [tiles * (grid / side)^2, (dy, dx, hidden)].</summary>
    public static void PixelShuffle(ArrayView<float> input, ArrayView<float> output, int tiles, int grid, int side, int hidden)
    {
        var squares = grid / side;
        var columns = hidden * side * side;
        for (var item = Items.First; item < (long)tiles * squares * squares * columns; item += Items.Stride)
        {
            var row = item / columns;
            var column = (int)(item - (row * columns));
            var tile = row / (squares * squares);
            var square = (int)(row - (tile * squares * squares));
            var y = (square / squares * side) + (column / hidden / side);
            var x = (square % squares * side) + (column / hidden % side);
            output[item] = input[(((tile * ((grid * grid) + 1)) + (y * grid) + x) * hidden) + (column % hidden)];
        }
    }
}
