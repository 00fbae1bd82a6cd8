using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Sizes of a choice among logits.</summary>
internal readonly record struct BestShape(int Rows, int Columns)
{
    /// <summary>Strips of a row.</summary>
    public int Strips => (Columns + BestKernels.Strip - 1) / BestKernels.Strip;
}

/// <summary>The best token in two launches: of each strip of a row, then of the row.</summary>
internal static class BestKernels
{
    /// <summary>Logits of a strip: few, as their exponentials are summed one after the other in float32.</summary>
    public const int Strip = 64;

    /// <summary>tokens[strip] = the best token, ~token where a logit is not finite; sums[strip] = sum of e^(logit - best logit).</summary>
    public static void Strips(ArrayView<float> logits, ArrayView<int> tokens, ArrayView<float> sums, BestShape shape)
    {
        var strips = shape.Strips;
        for (var item = Items.First; item < (long)shape.Rows * strips; item += Items.Stride)
        {
            var row = item / strips;
            var from = (int)(item - (row * strips)) * Strip;
            var end = from + Strip < shape.Columns ? from + Strip : shape.Columns;
            var first = row * shape.Columns;
            var best = from;
            var poison = 0f;
            for (var i = from; i < end; i++)
            {
                best = logits[first + i] > logits[first + best] ? i : best;

                // Zero times infinity or NaN is NaN, and stays.
                poison += logits[first + i] * 0f;
            }

            var sum = 0f;
            for (var i = from; i < end; i++)
            {
                sum += Functions.Exp(logits[first + i] - logits[first + best]);
            }

            tokens[item] = poison == 0f ? best : ~best;
            sums[item] = sum;
        }
    }

    /// <summary>choices[row] = the best of its strips, ~token where a logit is not finite; totals[row] = sum of e^(logit - best logit).</summary>
    public static void Merge(
        ArrayView<float> logits, ArrayView<int> tokens, ArrayView<float> sums, ArrayView<int> choices, ArrayView<float> totals, BestShape shape)
    {
        var strips = shape.Strips;
        for (var row = Items.First; row < shape.Rows; row += Items.Stride)
        {
            var first = row * shape.Columns;
            var best = Token(tokens[row * strips]);
            var finite = true;
            for (var strip = 0; strip < strips; strip++)
            {
                var stored = tokens[(row * strips) + strip];
                finite &= stored >= 0;
                best = logits[first + Token(stored)] > logits[first + best] ? Token(stored) : best;
            }

            // Kahan's sum: thousands of strips are added one after the other.
            var total = 0f;
            var lost = 0f;
            for (var strip = 0; strip < strips; strip++)
            {
                var at = (row * strips) + strip;
                var term = (sums[at] * Functions.Exp(logits[first + Token(tokens[at])] - logits[first + best])) - lost;
                var next = total + term;
                lost = (next - total) - term;
                total = next;
            }

            choices[row] = finite ? best : ~best;
            totals[row] = total;
        }
    }

    private static int Token(int stored) => stored < 0 ? ~stored : stored;
}
