using ILGPU;

namespace Pipeline.Kernels;

/// <summary>What <see cref="RouteKernels.Route"/> is told.</summary>
/// <param name="Score">A <see cref="RouterScore"/>.</param>
internal readonly record struct RouteShape(int Rows, int Experts, int Slots, int Score);

/// <summary>One thread a row.</summary>
internal static class RouteKernels
{
    private const int Sigmoid = (int)RouterScore.Sigmoid;
    private const int SoftmaxThenTop = (int)RouterScore.SoftmaxThenTop;

    /// <summary>The best experts of each row by its logits [rows, experts], best first, ties to the lower id, and their scores.</summary>
    public static void Route(ArrayView<float> logits, ArrayView<int> experts, ArrayView<float> scores, RouteShape shape)
    {
        for (var row = Items.First; row < shape.Rows; row += Items.Stride)
        {
            var first = row * shape.Experts;
            var slots = row * shape.Slots;
            for (var slot = 0; slot < shape.Slots; slot++)
            {
                var best = -1;
                for (var expert = 0; expert < shape.Experts; expert++)
                {
                    if (!IsChosen(experts, slots, slot, expert) && (best < 0 || logits[first + expert] > logits[first + best]))
                    {
                        best = expert;
                    }
                }

                experts[slots + slot] = best;
                scores[slots + slot] = logits[first + best];
            }

            // The best logit is the largest, so no exponential overflows.
            var largest = scores[slots];
            var total = 0f;
            if (shape.Score == SoftmaxThenTop)
            {
                for (var expert = 0; expert < shape.Experts; expert++)
                {
                    total += Functions.Exp(logits[first + expert] - largest);
                }
            }
            else if (shape.Score != Sigmoid)
            {
                for (var slot = 0; slot < shape.Slots; slot++)
                {
                    total += Functions.Exp(scores[slots + slot] - largest);
                }
            }

            for (var slot = 0; slot < shape.Slots; slot++)
            {
                var logit = scores[slots + slot];
                scores[slots + slot] = shape.Score == Sigmoid ? Functions.Sigmoid(logit) : Functions.Exp(logit - largest) / total;
            }
        }
    }

    private static bool IsChosen(ArrayView<int> experts, long slots, int count, int expert)
    {
        var chosen = false;
        for (var slot = 0; slot < count; slot++)
        {
            chosen |= experts[slots + slot] == expert;
        }

        return chosen;
    }
}
