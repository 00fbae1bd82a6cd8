using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Products of few rows, bound by reading BF16 or quantized weights: a warp computes <see cref="FourOutputs"/> for up to four rows, then a lane
/// finishes each of those 16 sums.
/// </summary>
internal static class DecodeKernels
{
    /// <summary>Rows that share one read of a weight.</summary>
    public const int Together = 4;

    /// <summary>As <see cref="ProductKernels.Product"/>.</summary>
    public static void Product(
        ArrayView<Floats4> input,
        ArrayView<Words4> weight,
        ArrayView<Words4> gate,
        ArrayView<float> bias,
        ArrayView<float> residual,
        ArrayView<float> output,
        ProductShape shape)
    {
        var outputs = shape.Weight.Outputs;
        var strips = FourOutputs.Strips(outputs);
        var groups = (shape.Rows + Together - 1) / Together;
        for (var item = Lanes32.First; item < (long)groups * strips; item += Lanes32.Stride)
        {
            var row = item / strips * Together;
            var column = item % strips * FourOutputs.Count;
            var last = shape.Rows - 1 - row;
            var sums = FourOutputs.Dot(input, weight, shape.Weight, 0, column, row, last, shape.Inputs);
            var gates = shape.Epilogue == (int)Epilogue.SwiGlu
                ? FourOutputs.Dot(input, gate, shape.Gate, 0, column, row, last, shape.Inputs)
                : sums;

            // Lanes 0 to 3 have the first row's outputs, the next four the second's.
            var lane = Warp.LaneIdx;
            row += lane / FourOutputs.Count;
            column += lane % FourOutputs.Count;
            if (lane < Together * FourOutputs.Count && row < shape.Rows && column < outputs)
            {
                var at = (row * outputs) + column;
                output[at] = ProductKernels.Finish(sums.Of(lane), gates.Of(lane), column, at, bias, residual, shape);
            }
        }
    }

    /// <summary>As <see cref="ExpertKernels.GateUp"/>.</summary>
    public static void GateUp(
        ArrayView<Floats4> input,
        ArrayView<int> experts,
        ArrayView<float> scores,
        ArrayView<Words4> gate,
        ArrayView<Words4> up,
        ArrayView<float> inner,
        ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        var strips = FourOutputs.Strips(outputs);
        for (var item = Lanes32.First; item < (long)shape.Assignments * strips; item += Lanes32.Stride)
        {
            var assignment = item / strips;
            var column = item % strips * FourOutputs.Count;
            var expert = experts[assignment];
            if (expert >= 0)
            {
                var row = assignment / shape.Slots;
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                var gated = FourOutputs.Dot(input, gate, shape.Gate, expert, column, row, last: 0, shape.Inputs);
                var raised = FourOutputs.Dot(input, up, shape.Weight, expert, column, row, last: 0, shape.Inputs);
                column += Warp.LaneIdx;
                if (Warp.LaneIdx < FourOutputs.Count && column < outputs)
                {
                    inner[(assignment * outputs) + column] = Functions.Silu(score * gated.Of(Warp.LaneIdx)) * (score * raised.Of(Warp.LaneIdx));
                }
            }
        }
    }

    /// <summary>As <see cref="ExpertKernels.Down"/>.</summary>
    public static void Down(
        ArrayView<Floats4> inner, ArrayView<int> experts, ArrayView<float> scores, ArrayView<Words4> down, ArrayView<float> output, ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        var strips = FourOutputs.Strips(outputs);
        for (var item = Lanes32.First; item < (long)shape.Assignments * strips; item += Lanes32.Stride)
        {
            var assignment = item / strips;
            var column = item % strips * FourOutputs.Count;
            var expert = experts[assignment];
            if (expert >= 0)
            {
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                var sums = FourOutputs.Dot(inner, down, shape.Weight, expert, column, assignment, last: 0, shape.Inputs);
                column += Warp.LaneIdx;
                if (Warp.LaneIdx < FourOutputs.Count && column < outputs)
                {
                    output[(assignment * outputs) + column] = score * sums.Of(Warp.LaneIdx);
                }
            }
        }
    }
}
