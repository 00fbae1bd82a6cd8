using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Sizes of a product of routed experts.</summary>
/// <param name="Assignments">Rows times slots.</param>
/// <param name="Slots">Experts a row.</param>
/// <param name="Inputs">Length of an input row.</param>
/// <param name="Weight">The up or down weights.</param>
/// <param name="Gate">The gate's weights; of no meaning for the down product.</param>
/// <param name="Scored">Not 0 where this product's sums are multiplied by the score.</param>
internal readonly record struct ExpertShape(int Assignments, int Slots, int Inputs, StoredShape Weight, StoredShape Gate, int Scored);

/// <summary>One thread an assignment and output.</summary>
internal static class ExpertKernels
{
    /// <summary>inner[a] = silu(score * gate(input[a / slots])) * score * up(input[a / slots]).</summary>
    public static void GateUp(
        ArrayView<float> input,
        ArrayView<int> experts,
        ArrayView<float> scores,
        ArrayView<uint> gate,
        ArrayView<uint> up,
        ArrayView<float> inner,
        ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Items.First; item < (long)shape.Assignments * outputs; item += Items.Stride)
        {
            var assignment = item / outputs;
            var column = item - (assignment * outputs);
            var expert = experts[assignment];
            if (expert >= 0)
            {
                var first = assignment / shape.Slots * shape.Inputs;
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                var gated = Stored.Dot(gate, shape.Gate.Row(expert, column), shape.Gate.Format, input, first, shape.Inputs);
                var raised = Stored.Dot(up, shape.Weight.Row(expert, column), shape.Weight.Format, input, first, shape.Inputs);
                inner[item] = Functions.Silu(score * gated) * (score * raised);
            }
        }
    }

    /// <summary>The rest of <see cref="GateUp"/> where the sums of both products are there: up = silu(score * gate) * score * up.</summary>
    public static void FinishGateUp(ArrayView<int> experts, ArrayView<float> scores, ArrayView<float> gates, ArrayView<float> ups, ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Items.First; item < (long)shape.Assignments * outputs; item += Items.Stride)
        {
            var assignment = item / outputs;
            if (experts[assignment] >= 0)
            {
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                ups[item] = Functions.Silu(score * gates[item]) * (score * ups[item]);
            }
        }
    }

    /// <summary>The rest of <see cref="Down"/> where the sums are there and are to be scored.</summary>
    public static void FinishDown(ArrayView<int> experts, ArrayView<float> scores, ArrayView<float> output, ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Items.First; item < (long)shape.Assignments * outputs; item += Items.Stride)
        {
            if (experts[item / outputs] >= 0)
            {
                output[item] *= scores[item / outputs];
            }
        }
    }

    /// <summary>output[a] = score * down(inner[a]).</summary>
    public static void Down(
        ArrayView<float> inner, ArrayView<int> experts, ArrayView<float> scores, ArrayView<uint> down, ArrayView<float> output, ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Items.First; item < (long)shape.Assignments * outputs; item += Items.Stride)
        {
            var assignment = item / outputs;
            var column = item - (assignment * outputs);
            var expert = experts[assignment];
            if (expert >= 0)
            {
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                output[item] = score * Stored.Dot(
                    down, shape.Weight.Row(expert, column), shape.Weight.Format, inner, assignment * shape.Inputs, shape.Inputs);
            }
        }
    }
}
