using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Products of few rows, bound by reading BF16 or quantized weights: a warp an output, 16 bytes a lane and load, the sums added by
/// shuffles in fixed order. Inputs are whole numbers of 8 elements, or of blocks.
/// </summary>
internal static class DecodeKernels
{
    /// <summary>Rows that share one read of a weight.</summary>
    public const int Together = 4;

    /// <summary>Elements of one load.</summary>
    public const int Block = 8;

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
        var groups = (shape.Rows + Together - 1) / Together;
        for (var item = Lanes32.First; item < (long)groups * outputs; item += Lanes32.Stride)
        {
            var row = item / outputs * Together;
            var column = item % outputs;
            var last = shape.Rows - 1 - row;
            var sums = Dot(input, weight, shape.Weight, shape.Weight.Row(0, column) / 4, row, last, shape.Inputs);
            var gates = shape.Epilogue == (int)Epilogue.SwiGlu
                ? Dot(input, gate, shape.Gate, shape.Gate.Row(0, column) / 4, row, last, shape.Inputs)
                : sums;
            if (Warp.LaneIdx == 0)
            {
                Finish(sums.X, gates.X, column, row, bias, residual, output, shape);
                Finish(sums.Y, gates.Y, column, row + 1, bias, residual, output, shape);
                Finish(sums.Z, gates.Z, column, row + 2, bias, residual, output, shape);
                Finish(sums.W, gates.W, column, row + 3, bias, residual, output, shape);
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
        for (var item = Lanes32.First; item < (long)shape.Assignments * outputs; item += Lanes32.Stride)
        {
            var assignment = item / outputs;
            var column = item % outputs;
            var expert = experts[assignment];
            if (expert >= 0)
            {
                var row = assignment / shape.Slots;
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                var gated = Dot(input, gate, shape.Gate, shape.Gate.Row(expert, column) / 4, row, last: 0, shape.Inputs).X;
                var raised = Dot(input, up, shape.Weight, shape.Weight.Row(expert, column) / 4, row, last: 0, shape.Inputs).X;
                if (Warp.LaneIdx == 0)
                {
                    inner[item] = Functions.Silu(score * gated) * (score * raised);
                }
            }
        }
    }

    /// <summary>As <see cref="ExpertKernels.Down"/>.</summary>
    public static void Down(
        ArrayView<Floats4> inner, ArrayView<int> experts, ArrayView<float> scores, ArrayView<Words4> down, ArrayView<float> output, ExpertShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Lanes32.First; item < (long)shape.Assignments * outputs; item += Lanes32.Stride)
        {
            var assignment = item / outputs;
            var column = item % outputs;
            var expert = experts[assignment];
            if (expert >= 0)
            {
                var score = shape.Scored == 0 ? 1f : scores[assignment];
                var sum = Dot(inner, down, shape.Weight, shape.Weight.Row(expert, column) / 4, assignment, last: 0, shape.Inputs).X;
                if (Warp.LaneIdx == 0)
                {
                    output[item] = score * sum;
                }
            }
        }
    }

    /// <summary>A weight's row times four input rows; rows beyond the last are read as the last.</summary>
    private static Floats4 Dot(ArrayView<Floats4> input, ArrayView<Words4> weight, StoredShape stored, long at, long row, long last, int inputs)
    {
        var quads = inputs / 4;
        var first = row * quads;
        var second = last > 0 ? first + quads : first;
        var third = last > 1 ? second + quads : second;
        var fourth = last > 2 ? third + quads : third;
        var (a, b, c, d) = (0f, 0f, 0f, 0f);
        if (stored.IsQuantized)
        {
            var format = stored.Format;
            for (var k = Warp.LaneIdx; k < inputs / QuantizedDots.LoadInputs(format); k += Lanes32.Count)
            {
                var words = weight[at + k];
                var scale = QuantizedDots.Scale(weight, at, format, inputs, k);
                a += scale * QuantizedDots.Dot(words, format, input, first, k);
                if (last > 0)
                {
                    b += scale * QuantizedDots.Dot(words, format, input, second, k);
                    c += scale * QuantizedDots.Dot(words, format, input, third, k);
                    d += scale * QuantizedDots.Dot(words, format, input, fourth, k);
                }
            }

            return new Floats4(Lanes32.Sum(a), Lanes32.Sum(b), Lanes32.Sum(c), Lanes32.Sum(d));
        }

        for (var k = Warp.LaneIdx; k < inputs / Block; k += Lanes32.Count)
        {
            var words = weight[at + k];
            a += Dot(words, input[first + (2 * k)], input[first + (2 * k) + 1]);
            if (last > 0)
            {
                b += Dot(words, input[second + (2 * k)], input[second + (2 * k) + 1]);
                c += Dot(words, input[third + (2 * k)], input[third + (2 * k) + 1]);
                d += Dot(words, input[fourth + (2 * k)], input[fourth + (2 * k) + 1]);
            }
        }

        return new Floats4(Lanes32.Sum(a), Lanes32.Sum(b), Lanes32.Sum(c), Lanes32.Sum(d));
    }

    private static float Dot(Words4 words, Floats4 low, Floats4 high) =>
        ((Low(words.X) * low.X) + (High(words.X) * low.Y) + (Low(words.Y) * low.Z) + (High(words.Y) * low.W))
        + ((Low(words.Z) * high.X) + (High(words.Z) * high.Y) + (Low(words.W) * high.Z) + (High(words.W) * high.W));

    private static float Low(uint word) => Interop.IntAsFloat(word << 16);

    private static float High(uint word) => Interop.IntAsFloat(word & 0xffff0000u);

    private static void Finish(
        float sum, float gate, long column, long row, ArrayView<float> bias, ArrayView<float> residual, ArrayView<float> output, ProductShape shape)
    {
        if (row < shape.Rows)
        {
            var at = (row * shape.Weight.Outputs) + column;
            output[at] = ProductKernels.Finish(sum, gate, column, at, bias, residual, shape);
        }
    }
}
