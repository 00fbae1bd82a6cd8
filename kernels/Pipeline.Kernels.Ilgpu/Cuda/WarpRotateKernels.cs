using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Norm, rotation, scale and the copy to the pages in one launch, a warp a head of a row: a lane has every 32nd pair of elements, so that a
/// warp's loads lie side by side.
/// </summary>
internal static class WarpRotateKernels
{
    private const int Before = (int)QueryKeyNorm.BeforeRotation;
    private const int After = (int)QueryKeyNorm.AfterRotation;

    /// <summary>As <see cref="RotateKernels.RotateAppend"/>, for heads of an even number of elements.</summary>
    public static void RotateAppend(
        ArrayView<int> table, ArrayView<float> query, ArrayView<float> key, ArrayView<float> value, ArrayView<float> pool, RotateShape shape)
    {
        var size = shape.Pool.HeadSize;
        var kvHeads = shape.Pool.KvHeads;
        var heads = shape.Heads + (2 * kvHeads);
        for (var item = Lanes32.First; item < (long)shape.Rows * heads; item += Lanes32.Stride)
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
                Copy(key, from, pool, shape.Pool.Key(RotateKernels.Page(table, row, shape), head, RotateKernels.Token(table, row, shape)), size);
            }
            else
            {
                head -= shape.Heads + kvHeads;
                var from = ((row * kvHeads) + head) * size;
                Copy(value, from, pool, shape.Pool.Value(RotateKernels.Page(table, row, shape), head, RotateKernels.Token(table, row, shape)), size);
            }
        }
    }

    /// <summary>Each lane reads and writes its own pairs alone, so that nothing has to wait but the sum of a norm.</summary>
    private static void Prepare(ArrayView<int> table, ArrayView<float> heads, long from, long row, float scale, RotateShape shape)
    {
        var pairs = shape.Pool.HeadSize / 2;
        var first = shape.Norm == Before ? InverseRootMeanSquare(heads, from, shape) : 1f;
        for (var j = Warp.LaneIdx; j < pairs; j += Lanes32.Count)
        {
            var at = from + (2 * j);
            var real = heads[at] * first;
            var imaginary = heads[at + 1] * first;
            if (shape.Rotate != 0)
            {
                var angle = (row * shape.Table.Pairs) + j;
                var cosine = Interop.IntAsFloat((uint)table[shape.Table.Cosines + angle]);
                var sine = Interop.IntAsFloat((uint)table[shape.Table.Sines + angle]);
                var turned = (real * cosine) - (imaginary * sine);
                imaginary = (real * sine) + (imaginary * cosine);
                real = turned;
            }

            heads[at] = real;
            heads[at + 1] = imaginary;
        }

        var last = shape.Norm == After ? scale * InverseRootMeanSquare(heads, from, shape) : scale;
        for (var j = Warp.LaneIdx; j < pairs; j += Lanes32.Count)
        {
            heads[from + (2 * j)] *= last;
            heads[from + (2 * j) + 1] *= last;
        }
    }

    private static float InverseRootMeanSquare(ArrayView<float> heads, long from, RotateShape shape)
    {
        var size = shape.Pool.HeadSize;
        var sum = 0f;
        for (var j = Warp.LaneIdx; j < size / 2; j += Lanes32.Count)
        {
            var real = heads[from + (2 * j)];
            var imaginary = heads[from + (2 * j) + 1];
            sum += (real * real) + (imaginary * imaginary);
        }

        return 1f / MathF.Sqrt((Lanes32.Sum(sum) / size) + shape.Epsilon);
    }

    private static void Copy(ArrayView<float> source, long from, ArrayView<float> target, long to, int size)
    {
        for (var j = Warp.LaneIdx; j < size / 2; j += Lanes32.Count)
        {
            target[to + (2 * j)] = source[from + (2 * j)];
            target[to + (2 * j) + 1] = source[from + (2 * j) + 1];
        }
    }
}
