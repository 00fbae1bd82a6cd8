using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Sizes of a grouping.</summary>
/// <param name="TileRows">Rows of a tile.</param>
/// <param name="Tiles">Tiles that the list holds: enough for any routing.</param>
internal readonly record struct GroupShape(int Assignments, int Experts, int TileRows, int Tiles)
{
    /// <summary>Tiles that any routing fits in.</summary>
    public static int MostTiles(int assignments, int experts, int tileRows) => (assignments / tileRows) + Math.Min(assignments, experts);
}

/// <summary>Rows that are made ready for a grouped product, on the device, as only it knows the routing.</summary>
internal static class GroupKernels
{
    /// <summary>counts[expert]; one thread an expert.</summary>
    public static void Count(ArrayView<int> experts, ArrayView<int> counts, GroupShape shape)
    {
        for (var expert = Items.First; expert < shape.Experts; expert += Items.Stride)
        {
            var count = 0;
            for (var i = 0; i < shape.Assignments; i++)
            {
                count += experts[i] == expert ? 1 : 0;
            }

            counts[expert] = count;
        }
    }

    /// <summary>
    /// order = assignments by expert, ascending within each; tiles = (expert, first, count) of at most TileRows of order each, followed
    /// by empty ones. One thread an expert, and one more that empties the rest.
    /// </summary>
    public static void Place(ArrayView<int> experts, ArrayView<int> counts, ArrayView<int> order, ArrayView<int> tiles, GroupShape shape)
    {
        for (var expert = Items.First; expert <= shape.Experts; expert += Items.Stride)
        {
            var (start, tile) = (0, 0);
            for (var before = 0; before < expert; before++)
            {
                start += counts[before];
                tile += (counts[before] + shape.TileRows - 1) / shape.TileRows;
            }

            if (expert == shape.Experts)
            {
                for (; tile < shape.Tiles; tile++)
                {
                    tiles[(3 * tile) + 2] = 0;
                }
            }
            else
            {
                var next = start;
                for (var i = 0; i < shape.Assignments; i++)
                {
                    if (experts[i] == expert)
                    {
                        order[next] = i;
                        next++;
                    }
                }

                for (var first = start; first < next; first += shape.TileRows)
                {
                    tiles[3 * tile] = (int)expert;
                    tiles[(3 * tile) + 1] = first;
                    tiles[(3 * tile) + 2] = next - first < shape.TileRows ? next - first : shape.TileRows;
                    tile++;
                }
            }
        }
    }

    /// <summary>Rows of float32 as BF16, rounded to the nearest, ties to even, padded with zeros; one thread two elements.</summary>
    public static void Round(ArrayView<float> input, ArrayView<uint> output, int rows, int columns, int rowWords)
    {
        for (var item = Items.First; item < (long)rows * rowWords; item += Items.Stride)
        {
            var row = item / rowWords;
            var column = 2 * (int)(item % rowWords);
            var first = (row * columns) + column;
            var low = column < columns ? ToBF16(input[first]) : 0u;
            var high = column + 1 < columns ? ToBF16(input[first + 1]) : 0u;
            output[item] = low | (high << 16);
        }
    }

    /// <summary>To the nearest BF16, ties to even; NaN stays NaN.</summary>
    internal static uint ToBF16(float value)
    {
        var bits = Interop.FloatAsInt(value);
        return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    }
}
