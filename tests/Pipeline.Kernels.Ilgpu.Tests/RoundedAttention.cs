namespace Pipeline.Kernels.Tests;

/// <summary>
/// The plain twin of <see cref="FlashKernels.Attend"/>, one query at a time: the same numbers rounded to BF16 at the same places, the same
/// tiles of keys, sums in float32.
/// </summary>
internal static class RoundedAttention
{
    private const float Log2E = 1.44269504f;

    public delegate ReadOnlySpan<float> Row(int key);

    /// <summary>output = the softmax over <paramref name="count"/> keys, times their values.</summary>
    public static void Attend(ReadOnlySpan<float> query, Row key, Row value, int count, float softmaxScale, Span<float> output)
    {
        var rounded = new float[query.Length];
        for (var i = 0; i < query.Length; i++)
        {
            rounded[i] = Round(query[i] * (softmaxScale * Log2E));
        }

        var (largest, total) = (float.NegativeInfinity, 0f);
        output.Clear();
        for (var first = 0; first < count; first += FlashTile.Keys)
        {
            var scores = new float[Math.Min(FlashTile.Keys, count - first)];
            for (var t = 0; t < scores.Length; t++)
            {
                var row = key(first + t);
                for (var i = 0; i < query.Length; i++)
                {
                    scores[t] += rounded[i] * Round(row[i]);
                }
            }

            var next = Math.Max(largest, scores.Max());
            var factor = (float)Math.Pow(2, largest - next);
            (largest, total) = (next, total * factor);
            foreach (ref var sum in output)
            {
                sum *= factor;
            }

            for (var t = 0; t < scores.Length; t++)
            {
                var weight = (float)Math.Pow(2, scores[t] - next);
                var row = value(first + t);
                total += weight;
                for (var i = 0; i < output.Length; i++)
                {
                    output[i] += Round(weight) * Round(row[i]);
                }
            }
        }

        foreach (ref var sum in output)
        {
            sum /= total;
        }
    }

    /// <summary>To the nearest BF16, ties to even, as <see cref="GroupKernels.ToBF16"/> does.</summary>
    public static float Round(float value) => PtxArithmetic.Widen(PtxArithmetic.RoundToBF16(value));
}
