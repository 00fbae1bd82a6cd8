using ILGPU;

namespace Pipeline.Kernels;

/// <summary>What <see cref="PackKernels.Pages"/> is told.</summary>
/// <param name="Row">A row of the sequence.</param>
/// <param name="FirstKey">Position of the first key.</param>
internal readonly record struct PackShape(FlashShape Flash, TableShape Table, PoolShape Pool, int Row, int FirstKey);

/// <summary>
/// Keys and values as the tensor cores read them: BF16 [sets, packed keys, width], keys first, values behind them, zeros where a
/// head or the keys end. One thread a chunk of 8 elements of a key and of its value.
/// </summary>
internal static class PackKernels
{
    private const int Chunk = 8;

    /// <summary>Of one sequence, from pages; a set is a key/value head.</summary>
    public static void Pages(ArrayView<int> table, ArrayView<Floats4> pool, ArrayView<Words4> packed, PackShape shape)
    {
        var flash = shape.Flash;
        var chunks = Chunks(flash);
        for (var item = Items.First; item < chunks; item += Items.Stride)
        {
            var (row, element) = Place(item, flash);
            var (set, key) = (flash.FirstSet + (int)(row / flash.PackedKeys), (int)(row % flash.PackedKeys));
            var (left, right) = (new Words4(0, 0, 0, 0), new Words4(0, 0, 0, 0));
            if (key < flash.Keys && element < flash.HeadSize)
            {
                var page = shape.Table.Page(table, shape.Row, (shape.FirstKey + key) / shape.Pool.PageTokens);
                var token = (shape.FirstKey + key) % shape.Pool.PageTokens;
                left = Round(pool, shape.Pool.Key(page, set, token) + element);
                right = Round(pool, shape.Pool.Value(page, set, token) + element);
            }

            packed[item] = left;
            packed[chunks + item] = right;
        }
    }

    /// <summary>Of tiles of rows [rows, heads, head size]; a set is a head of a tile.</summary>
    public static void Tiles(ArrayView<Floats4> keys, ArrayView<Floats4> values, ArrayView<Words4> packed, FlashShape shape)
    {
        var chunks = Chunks(shape);
        for (var item = Items.First; item < chunks; item += Items.Stride)
        {
            var (row, element) = Place(item, shape);
            var (set, key) = (shape.FirstSet + (int)(row / shape.PackedKeys), (int)(row % shape.PackedKeys));
            var (left, right) = (new Words4(0, 0, 0, 0), new Words4(0, 0, 0, 0));
            if (key < shape.Keys && element < shape.HeadSize)
            {
                var at = shape.Element(set, key) + element;
                left = Round(keys, at);
                right = Round(values, at);
            }

            packed[item] = left;
            packed[chunks + item] = right;
        }
    }

    /// <summary>Chunks of all keys, and of all values.</summary>
    public static long Chunks(FlashShape shape) => (long)shape.Sets * shape.PackedKeys * (shape.Width / Chunk);

    /// <summary>Of a chunk its packed row and its first element.</summary>
    private static (long Row, int Element) Place(long item, FlashShape shape)
    {
        var row = item / (shape.Width / Chunk);
        return (row, Chunk * (int)(item - (row * (shape.Width / Chunk))));
    }

    private static Words4 Round(ArrayView<Floats4> numbers, long first)
    {
        var (low, high) = (numbers[first / 4], numbers[(first / 4) + 1]);
        return new Words4(Pair(low.X, low.Y), Pair(low.Z, low.W), Pair(high.X, high.Y), Pair(high.Z, high.W));
    }

    private static uint Pair(float low, float high) => GroupKernels.ToBF16(low) | (GroupKernels.ToBF16(high) << 16);
}
