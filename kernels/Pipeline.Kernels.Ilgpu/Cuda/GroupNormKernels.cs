using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Norms in one launch, a group a row: the threads of a group add up their shares of the row, then its warps' sums in ascending order, and write
/// their shares of the output, which by then lie in the nearest cache.
/// </summary>
internal static class GroupNormKernels
{
    /// <summary>Threads of a group, at most: 20 loads each for a row of 5,120, all under way at once.</summary>
    public const int MostThreads = 256;

    /// <summary>As <see cref="NormKernels.Moments"/> and <see cref="NormKernels.Apply"/>; groups of whole warps.</summary>
    public static void Norm(ArrayView<float> input, ArrayView<float> weight, ArrayView<float> bias, ArrayView<float> output, NormShape shape)
    {
        var sums = SharedMemory.Allocate<float>(MostThreads / Lanes32.Count);
        for (long row = Grid.IdxX; row < shape.Rows; row += Grid.DimX)
        {
            var first = row * shape.Columns;
            var mean = 0f;
            if (shape.Layer != 0)
            {
                for (var i = Group.IdxX; i < shape.Columns; i += Group.DimX)
                {
                    mean += input[first + i];
                }

                mean = Sum(mean, sums) / shape.Columns;
            }

            var squares = 0f;
            for (var i = Group.IdxX; i < shape.Columns; i += Group.DimX)
            {
                var distance = input[first + i] - mean;
                squares += distance * distance;
            }

            var deviation = MathF.Sqrt((Sum(squares, sums) / shape.Columns) + shape.Epsilon);
            for (var i = Group.IdxX; i < shape.Columns; i += Group.DimX)
            {
                var scaled = (input[first + i] - mean) / deviation * weight[i];
                output[first + i] = shape.Biased == 0 ? scaled : scaled + bias[i];
            }
        }
    }

    /// <summary>The same sum on every thread of the group.</summary>
    private static float Sum(float value, ArrayView<float> sums)
    {
        value = Lanes32.Sum(value);
        Group.Barrier(); // all have read the sum before
        if (Warp.LaneIdx == 0)
        {
            sums[Group.IdxX / Lanes32.Count] = value;
        }

        Group.Barrier();
        var sum = 0f;
        for (var warp = 0; warp < Group.DimX / Lanes32.Count; warp++)
        {
            sum += sums[warp];
        }

        return sum;
    }
}
