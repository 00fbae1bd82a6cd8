using ILGPU;

namespace Pipeline.Kernels;

/// <summary>A norm's sizes.</summary>
/// <param name="Layer">Not 0 for LayerNorm, which also removes the mean.</param>
/// <param name="Biased">Not 0 where there is a bias.</param>
internal readonly record struct NormShape(int Rows, int Columns, int Layer, int Biased, float Epsilon)
{
    /// <summary>Strips of a row.</summary>
    public int Strips => (Columns + NormKernels.Strip - 1) / NormKernels.Strip;
}

/// <summary>
/// Norms in two launches: moments of each strip of a row, then each element, whose thread merges its row's moments in ascending
/// order. So even one row keeps many threads busy without a barrier.
/// </summary>
internal static class NormKernels
{
    /// <summary>Elements of a strip.</summary>
    public const int Strip = 128;

    /// <summary>moments[strip] = (mean, sum of squared distances from it); the mean is taken as 0 for RMS.</summary>
    public static void Moments(ArrayView<float> input, ArrayView<float> moments, NormShape shape)
    {
        var strips = shape.Strips;
        for (var item = Items.First; item < (long)shape.Rows * strips; item += Items.Stride)
        {
            var row = item / strips;
            var from = (item - (row * strips)) * Strip;
            var count = Length(shape, from);
            var first = (row * shape.Columns) + from;
            var mean = 0f;
            if (shape.Layer != 0)
            {
                for (var i = 0; i < count; i++)
                {
                    mean += input[first + i];
                }

                mean /= count;
            }

            var squares = 0f;
            for (var i = 0; i < count; i++)
            {
                var distance = input[first + i] - mean;
                squares += distance * distance;
            }

            moments[2 * item] = mean;
            moments[(2 * item) + 1] = squares;
        }
    }

    /// <summary>output = (input - mean) / sqrt(variance + epsilon) * weight + bias.</summary>
    public static void Apply(
        ArrayView<float> input, ArrayView<float> moments, ArrayView<float> weight, ArrayView<float> bias, ArrayView<float> output, NormShape shape)
    {
        var strips = shape.Strips;
        for (var item = Items.First; item < (long)shape.Rows * shape.Columns; item += Items.Stride)
        {
            var row = item / shape.Columns;
            var column = item - (row * shape.Columns);
            var mean = 0f;
            var squares = 0f;
            for (var strip = 0; strip < strips; strip++)
            {
                // Chan, Golub and LeVeque (1979): merging the moments of two parts.
                var before = (float)(strip * Strip);
                var count = (float)Length(shape, strip * Strip);
                var at = 2 * ((row * strips) + strip);
                var distance = moments[at] - mean;
                mean += distance * count / (before + count);
                squares += moments[at + 1] + (distance * distance * before * count / (before + count));
            }

            var scaled = (input[item] - mean) / MathF.Sqrt((squares / shape.Columns) + shape.Epsilon) * weight[column];
            output[item] = shape.Biased == 0 ? scaled : scaled + bias[column];
        }
    }

    private static int Length(NormShape shape, long from) => (int)(shape.Columns - from < Strip ? shape.Columns - from : Strip);
}
