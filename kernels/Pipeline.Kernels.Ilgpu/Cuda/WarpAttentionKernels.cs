using ILGPU;

namespace Pipeline.Kernels;

/// <summary>What <see cref="WarpAttentionKernels.Split"/> is told.</summary>
/// <param name="Attend">The attention.</param>
/// <param name="FirstRow">First row of this launch.</param>
/// <param name="Rows">Rows of this launch.</param>
/// <param name="Splits">Splits of the longest row.</param>
internal readonly record struct SplitShape(AttendShape Attend, int FirstRow, int Rows, int Splits);

/// <summary>A lane's part of an online softmax: its elements of the weighted sum, and what all lanes share.</summary>
internal readonly record struct LaneSoftmax(float Largest, float Total, Floats4 Sum);

/// <summary>
/// Attention by warps: a lane holds every 32nd element of a head of at most 128. Over pages a row's keys are split into runs of
/// fixed length, one a warp, so that a single long sequence fills the device; the runs are then merged in ascending order, so that
/// a row's result does not depend on the rows beside it.
/// </summary>
internal static class WarpAttentionKernels
{
    /// <summary>Keys of a split.</summary>
    public const int SplitKeys = 256;

    /// <summary>Elements of the longest head.</summary>
    public const int LongestHead = 4 * Lanes32.Count;

    /// <summary>Floats of a split's result: largest score, total weight, weighted sum.</summary>
    public static int PartSize(int headSize) => headSize + 2;

    /// <summary>parts[row, head, split] = the softmax over that split's keys, not yet divided.</summary>
    public static void Split(ArrayView<int> table, ArrayView<float> query, ArrayView<float> pool, ArrayView<float> parts, SplitShape split)
    {
        var shape = split.Attend;
        var size = shape.Pool.HeadSize;
        for (var item = Lanes32.First; item < (long)split.Rows * shape.Heads * split.Splits; item += Lanes32.Stride)
        {
            var head = (int)(item / split.Splits % shape.Heads);
            var row = split.FirstRow + (item / split.Splits / shape.Heads);
            var kvHead = head / (shape.Heads / shape.Pool.KvHeads);
            var last = table[shape.Table.Positions + row];
            var first = FirstKey(last, shape.Chunk) + ((int)(item % split.Splits) * SplitKeys);
            var end = first + SplitKeys <= last ? first + SplitKeys : last + 1;
            var own = Load(query, ((row * shape.Heads) + head) * size, size);
            var state = new LaneSoftmax(0f, 0f, new Floats4(0f, 0f, 0f, 0f));
            for (var position = first; position < end; position++)
            {
                var page = shape.Table.Page(table, row, position / shape.Pool.PageTokens);
                var token = position % shape.Pool.PageTokens;
                var score = shape.SoftmaxScale * Dot(own, Load(pool, shape.Pool.Key(page, kvHead, token), size));
                state = Merge(state, position == first, score, 1f, Load(pool, shape.Pool.Value(page, kvHead, token), size));
            }

            if (first < end)
            {
                var part = item * PartSize(size);
                parts[part] = state.Largest;
                parts[part + 1] = state.Total;
                Store(state.Sum, 1f, parts, part + 2, size);
            }
        }
    }

    /// <summary>output[row, head] = the splits of the row, merged in ascending order and divided.</summary>
    public static void Merge(ArrayView<int> table, ArrayView<float> parts, ArrayView<float> output, SplitShape split)
    {
        var shape = split.Attend;
        var size = shape.Pool.HeadSize;
        for (var item = Lanes32.First; item < (long)split.Rows * shape.Heads; item += Lanes32.Stride)
        {
            var row = split.FirstRow + (item / shape.Heads);
            var last = table[shape.Table.Positions + row];
            var count = ((last - FirstKey(last, shape.Chunk)) / SplitKeys) + 1;
            var state = new LaneSoftmax(0f, 0f, new Floats4(0f, 0f, 0f, 0f));
            for (var i = 0; i < count; i++)
            {
                var part = ((item * split.Splits) + i) * PartSize(size);
                state = Merge(state, i == 0, parts[part], parts[part + 1], Load(parts, part + 2, size));
            }

            Store(state.Sum, state.Total, output, ((row * shape.Heads) + (item % shape.Heads)) * size, size);
        }
    }

    /// <summary>As <see cref="AttentionKernels.AttendTiles"/>.</summary>
    public static void AttendTiles(
        ArrayView<float> query, ArrayView<float> key, ArrayView<float> value, ArrayView<float> output, TileAttendShape shape)
    {
        var size = shape.HeadSize;
        for (var item = Lanes32.First; item < (long)shape.Rows * shape.Heads; item += Lanes32.Stride)
        {
            var row = item / shape.Heads;
            var tile = row / shape.Tokens * shape.Tokens;
            var own = Load(query, item * size, size);
            var state = new LaneSoftmax(0f, 0f, new Floats4(0f, 0f, 0f, 0f));
            for (var token = 0; token < shape.Tokens; token++)
            {
                var at = (((tile + token) * shape.Heads) + (item % shape.Heads)) * size;
                var score = shape.SoftmaxScale * Dot(own, Load(key, at, size));
                state = Merge(state, token == 0, score, 1f, Load(value, at, size));
            }

            Store(state.Sum, state.Total, output, item * size, size);
        }
    }

    /// <summary>The first key that a row sees.</summary>
    /// <param name="last">Its position.</param>
    /// <param name="chunk">Length of an attention chunk, or 0.</param>
    internal static int FirstKey(int last, int chunk) => chunk == 0 ? 0 : last / chunk * chunk;

    /// <summary>Adds a weighted sum whose weights are relative to its largest score.</summary>
    private static LaneSoftmax Merge(LaneSoftmax state, bool first, float largest, float total, Floats4 sum)
    {
        var next = first || largest > state.Largest ? largest : state.Largest;
        var old = first ? 0f : Functions.Exp(state.Largest - next);
        var added = Functions.Exp(largest - next);
        return new LaneSoftmax(
            next,
            (state.Total * old) + (total * added),
            new Floats4(
                (state.Sum.X * old) + (sum.X * added),
                (state.Sum.Y * old) + (sum.Y * added),
                (state.Sum.Z * old) + (sum.Z * added),
                (state.Sum.W * old) + (sum.W * added)));
    }

    private static float Dot(Floats4 a, Floats4 b) => Lanes32.Sum((a.X * b.X) + (a.Y * b.Y) + (a.Z * b.Z) + (a.W * b.W));

    /// <summary>This lane's elements of a head, zeros beyond its end.</summary>
    private static Floats4 Load(ArrayView<float> values, long first, int size)
    {
        var lane = Warp.LaneIdx;
        return new Floats4(
            lane < size ? values[first + lane] : 0f,
            lane + Lanes32.Count < size ? values[first + lane + Lanes32.Count] : 0f,
            lane + (2 * Lanes32.Count) < size ? values[first + lane + (2 * Lanes32.Count)] : 0f,
            lane + (3 * Lanes32.Count) < size ? values[first + lane + (3 * Lanes32.Count)] : 0f);
    }

    private static void Store(Floats4 sum, float divisor, ArrayView<float> values, long first, int size)
    {
        var lane = Warp.LaneIdx;
        Store(sum.X / divisor, values, first, lane, size);
        Store(sum.Y / divisor, values, first, lane + Lanes32.Count, size);
        Store(sum.Z / divisor, values, first, lane + (2 * Lanes32.Count), size);
        Store(sum.W / divisor, values, first, lane + (3 * Lanes32.Count), size);
    }

    private static void Store(float value, ArrayView<float> values, long first, int at, int size)
    {
        if (at < size)
        {
            values[first + at] = value;
        }
    }
}
