using ILGPU;

namespace Pipeline.Kernels;

/// <summary>What <see cref="AttentionKernels.Attend"/> is told.</summary>
/// <param name="Chunk">Length of an attention chunk, or 0.</param>
internal readonly record struct AttendShape(TableShape Table, PoolShape Pool, int Rows, int Heads, int Chunk, float SoftmaxScale);

/// <summary>What <see cref="AttentionKernels.AttendTiles"/> is told.</summary>
internal readonly record struct TileAttendShape(int Rows, int Tokens, int Heads, int HeadSize, float SoftmaxScale);

/// <summary>
/// One thread a head of a row: an online softmax (Milakov and Gimelshein, arXiv 1805.02867) over keys in ascending order, whose
/// weighted sum of values grows in the output itself.
/// </summary>
internal static class AttentionKernels
{
    public static void Attend(ArrayView<int> table, ArrayView<float> query, ArrayView<float> pool, ArrayView<float> output, AttendShape shape)
    {
        var size = shape.Pool.HeadSize;
        for (var item = Items.First; item < (long)shape.Rows * shape.Heads; item += Items.Stride)
        {
            var row = item / shape.Heads;
            var kvHead = (int)(item - (row * shape.Heads)) / (shape.Heads / shape.Pool.KvHeads);
            var last = table[shape.Table.Positions + row];
            var first = shape.Chunk == 0 ? 0 : last / shape.Chunk * shape.Chunk;
            var largest = 0f;
            var total = 0f;
            for (var position = first; position <= last; position++)
            {
                var page = shape.Table.Page(table, row, position / shape.Pool.PageTokens);
                var token = position % shape.Pool.PageTokens;
                var score = shape.SoftmaxScale * Dot(query, item * size, pool, shape.Pool.Key(page, kvHead, token), size);
                var value = shape.Pool.Value(page, kvHead, token);
                var next = position == first || score > largest ? score : largest;
                total = Merge(output, item * size, pool, value, size, position == first ? 0f : total, largest, score, next);
                largest = next;
            }

            Divide(output, item * size, size, total);
        }
    }

    public static void AttendTiles(
        ArrayView<float> query, ArrayView<float> key, ArrayView<float> value, ArrayView<float> output, TileAttendShape shape)
    {
        var size = shape.HeadSize;
        for (var item = Items.First; item < (long)shape.Rows * shape.Heads; item += Items.Stride)
        {
            var row = item / shape.Heads;
            var head = item - (row * shape.Heads);
            var tile = row / shape.Tokens * shape.Tokens;
            var largest = 0f;
            var total = 0f;
            for (var token = 0; token < shape.Tokens; token++)
            {
                var at = (((tile + token) * shape.Heads) + head) * size;
                var score = shape.SoftmaxScale * Dot(query, item * size, key, at, size);
                var next = token == 0 || score > largest ? score : largest;
                total = Merge(output, item * size, value, at, size, token == 0 ? 0f : total, largest, score, next);
                largest = next;
            }

            Divide(output, item * size, size, total);
        }
    }

    private static float Dot(ArrayView<float> query, long first, ArrayView<float> keys, long key, int size)
    {
        var sum = 0f;
        for (var i = 0; i < size; i++)
        {
            sum += query[first + i] * keys[key + i];
        }

        return sum;
    }

    /// <summary>Adds one value with its weight; what stands in the output counts only where the total before is not 0.</summary>
    /// <returns>The sum of weights, all relative to <paramref name="next"/>.</returns>
    private static float Merge(
        ArrayView<float> output, long first, ArrayView<float> values, long value, int size, float total, float largest, float score, float next)
    {
        var weight = Functions.Exp(score - next);
        if (total == 0f)
        {
            for (var i = 0; i < size; i++)
            {
                output[first + i] = weight * values[value + i];
            }

            return weight;
        }

        if (next == largest)
        {
            for (var i = 0; i < size; i++)
            {
                output[first + i] += weight * values[value + i];
            }

            return total + weight;
        }

        var shrink = Functions.Exp(largest - next);
        for (var i = 0; i < size; i++)
        {
            output[first + i] = (output[first + i] * shrink) + (weight * values[value + i]);
        }

        return (total * shrink) + weight;
    }

    private static void Divide(ArrayView<float> output, long first, int size, float total)
    {
        for (var i = 0; i < size; i++)
        {
            output[first + i] /= total;
        }
    }
}
