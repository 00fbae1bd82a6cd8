using ILGPU;

namespace Pipeline.Kernels;

/// <summary>A product's sizes and what happens to its sums.</summary>
/// <param name="Epilogue">An <see cref="Epilogue"/>.</param>
/// <param name="Biased">Not 0 where there is a bias.</param>
internal readonly record struct ProductShape(int Rows, int Inputs, StoredShape Weight, StoredShape Gate, int Epilogue, int Biased);

/// <summary>One thread a row and output.</summary>
internal static class ProductKernels
{
    private const int Gelu = (int)Epilogue.Gelu;
    private const int Residual = (int)Epilogue.Residual;
    private const int SwiGlu = (int)Epilogue.SwiGlu;

    /// <summary>output[r, o] = epilogue(input[r] . weight[o] + bias[o]); views that the epilogue does not use hold anything.</summary>
    public static void Product(
        ArrayView<float> input,
        ArrayView<uint> weight,
        ArrayView<uint> gate,
        ArrayView<float> bias,
        ArrayView<float> residual,
        ArrayView<float> output,
        ProductShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Items.First; item < (long)shape.Rows * outputs; item += Items.Stride)
        {
            var row = item / outputs;
            var column = item - (row * outputs);
            var first = row * shape.Inputs;
            var sum = Stored.Dot(weight, shape.Weight.Row(0, column), shape.Weight.Format, input, first, shape.Inputs);
            var gated = shape.Epilogue == SwiGlu
                ? Stored.Dot(gate, shape.Gate.Row(0, column), shape.Gate.Format, input, first, shape.Inputs)
                : 0f;
            output[item] = Finish(sum, gated, column, item, bias, residual, shape);
        }
    }

    /// <summary>The epilogue of sums that were stored as they are: output = epilogue(sums + bias). Any of the views may be the output.</summary>
    public static void Epilogues(
        ArrayView<float> sums, ArrayView<float> gates, ArrayView<float> bias, ArrayView<float> residual, ArrayView<float> output, ProductShape shape)
    {
        var outputs = shape.Weight.Outputs;
        for (var item = Items.First; item < (long)shape.Rows * outputs; item += Items.Stride)
        {
            var gated = shape.Epilogue == SwiGlu ? gates[item] : 0f;
            output[item] = Finish(sums[item], gated, item % outputs, item, bias, residual, shape);
        }
    }

    internal static float Finish(
        float sum, float gated, long column, long at, ArrayView<float> bias, ArrayView<float> residual, ProductShape shape)
    {
        if (shape.Biased != 0)
        {
            sum += bias[column];
        }

        if (shape.Epilogue == Gelu)
        {
            sum = Functions.Gelu(sum);
        }

        if (shape.Epilogue == Residual)
        {
            sum += residual[at];
        }

        return shape.Epilogue == SwiGlu ? sum * Functions.Silu(gated) : sum;
    }
}
