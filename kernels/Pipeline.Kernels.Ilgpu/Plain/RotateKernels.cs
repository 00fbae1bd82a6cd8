using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Where a kind of attention finds its keys and values.</summary>
/// <param name="Layers">Layers of the pool.</param>
/// <param name="Layer">This layer.</param>
/// <param name="KvHeads">Heads of the pool.</param>
/// <param name="PageTokens">Tokens of a page.</param>
/// <param name="HeadSize">Elements of a head.</param>
internal readonly record struct PoolShape(int Layers, int Layer, int KvHeads, int PageTokens, int HeadSize)
{
    /// <summary>The first element of a key: a page lies as [layer, side, head, token, element].</summary>
    public long Key(long page, int head, int token) => At(page, side: 0, head, token);

    public long Value(long page, int head, int token) => At(page, side: 1, head, token);

    private long At(long page, int side, int head, int token) =>
        (((((((((page * Layers) + Layer) * 2) + side) * KvHeads) + head) * PageTokens) + token) * HeadSize);
}

/// <summary>What <see cref="RotateKernels.RotateAppend"/> is told.</summary>
/// <param name="Norm">A <see cref="QueryKeyNorm"/>.</param>
/// <param name="Rotate">Not 0 where pairs are rotated.</param>
/// <param name="ScaleQuery">Not 0 where the table's query scales apply.</param>
internal readonly record struct RotateShape(
    TableShape Table, PoolShape Pool, int Rows, int Heads, int Norm, float Epsilon, int Rotate, int ScaleQuery);

/// <summary>One thread a head of a row.</summary>
internal static class RotateKernels
{
    private const int Before = (int)QueryKeyNorm.BeforeRotation;
    private const int After = (int)QueryKeyNorm.AfterRotation;

    /// <summary>Prepares query and key heads in place and copies key and value heads to their pages.</summary>
    public static void RotateAppend(
        ArrayView<int> table, ArrayView<float> query, ArrayView<float> key, ArrayView<float> value, ArrayView<float> pool, RotateShape shape)
    {
        var size = shape.Pool.HeadSize;
        var kvHeads = shape.Pool.KvHeads;
        var heads = shape.Heads + (2 * kvHeads);
        for (var item = Items.First; item < (long)shape.Rows * heads; item += Items.Stride)
        {
            var row = item / heads;
            var head = (int)(item - (row * heads));
            if (head < shape.Heads)
            {
                var scale = shape.ScaleQuery == 0 ? 1f : Interop.IntAsFloat((uint)table[shape.Table.QueryScales + row]);
                Prepare(table, query, ((row * shape.Heads) + head) * size, row, scale, shape);
            }
            else if (head < shape.Heads + kvHeads)
            {
                head -= shape.Heads;
                var from = ((row * kvHeads) + head) * size;
                Prepare(table, key, from, row, 1f, shape);
                Copy(key, from, pool, shape.Pool.Key(Page(table, row, shape), head, Token(table, row, shape)), size);
            }
            else
            {
                head -= shape.Heads + kvHeads;
                var from = ((row * kvHeads) + head) * size;
                Copy(value, from, pool, shape.Pool.Value(Page(table, row, shape), head, Token(table, row, shape)), size);
            }
        }
    }

    /// <summary>Rotates pair j of each row of query and key by angle (row % positions, j % pairs).</summary>
    public static void Rotate(
        ArrayView<float> query, ArrayView<float> key, ArrayView<float> cosines, ArrayView<float> sines, int rows, int rowPairs, int positions, int pairs)
    {
        for (var item = Items.First; item < (long)rows * rowPairs; item += Items.Stride)
        {
            var row = item / rowPairs;
            var angle = (row % positions * pairs) + (item - (row * rowPairs)) % pairs;
            var cosine = cosines[angle];
            var sine = sines[angle];
            Turn(query, 2 * item, cosine, sine);
            Turn(key, 2 * item, cosine, sine);
        }
    }

    private static void Prepare(ArrayView<int> table, ArrayView<float> heads, long from, long row, float scale, RotateShape shape)
    {
        var size = shape.Pool.HeadSize;
        if (shape.Norm == Before)
        {
            Scale(heads, from, size, InverseRootMeanSquare(heads, from, size, shape.Epsilon));
        }

        if (shape.Rotate != 0)
        {
            for (var j = 0; j < size / 2; j++)
            {
                var angle = (row * shape.Table.Pairs) + j;
                Turn(
                    heads,
                    from + (2 * j),
                    Interop.IntAsFloat((uint)table[shape.Table.Cosines + angle]),
                    Interop.IntAsFloat((uint)table[shape.Table.Sines + angle]));
            }
        }

        if (shape.Norm == After)
        {
            Scale(heads, from, size, InverseRootMeanSquare(heads, from, size, shape.Epsilon));
        }

        Scale(heads, from, size, scale);
    }

    private static float InverseRootMeanSquare(ArrayView<float> heads, long from, int size, float epsilon)
    {
        var sum = 0f;
        for (var i = 0; i < size; i++)
        {
            sum += heads[from + i] * heads[from + i];
        }

        return 1f / MathF.Sqrt((sum / size) + epsilon);
    }

    private static void Scale(ArrayView<float> heads, long from, int size, float factor)
    {
        for (var i = 0; i < size; i++)
        {
            heads[from + i] *= factor;
        }
    }

    private static void Turn(ArrayView<float> heads, long pair, float cosine, float sine)
    {
        var real = heads[pair];
        var imaginary = heads[pair + 1];
        heads[pair] = (real * cosine) - (imaginary * sine);
        heads[pair + 1] = (real * sine) + (imaginary * cosine);
    }

    private static void Copy(ArrayView<float> source, long from, ArrayView<float> target, long to, int size)
    {
        for (var i = 0; i < size; i++)
        {
            target[to + i] = source[from + i];
        }
    }

    internal static int Page(ArrayView<int> table, long row, RotateShape shape) =>
        shape.Table.Page(table, row, table[shape.Table.Positions + row] / shape.Pool.PageTokens);

    internal static int Token(ArrayView<int> table, long row, RotateShape shape) =>
        table[shape.Table.Positions + row] % shape.Pool.PageTokens;
}
