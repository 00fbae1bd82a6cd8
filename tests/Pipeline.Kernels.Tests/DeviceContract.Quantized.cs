namespace Pipeline.Kernels.Tests;

/// <summary>Weights that are quantized when they are loaded: the reference multiplies by the very numbers that the blocks stand for.</summary>
public abstract partial class DeviceContract
{
    private static readonly Quantization[] Quantizations = [Quantization.Int8, Quantization.Int4];

    [DeviceTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_quantized_product_matches_the_reference_at_any_shape(int seed)
    {
        using var weights = new TestWeights(seed);
        foreach (var quantization in Quantizations)
        {
            foreach (var orientation in Orientations)
            {
                var (rows, inputs, outputs) = (weights.Pick(Sizes), weights.Pick(Sizes), weights.Pick(Sizes[1..]));
                var (format, gap, placement) = (weights.Pick(Formats), weights.Next(0, 20), weights.Pick(Placements));
                var weight = weights.Matrix(outputs, inputs, format, orientation, gap: gap, placement: placement) with { Quantization = quantization };
                var input = weights.Numbers(rows * inputs);
                Matches(
                    Budget.Sum(inputs),
                    $"[{rows}, {inputs}] x [{outputs}, {inputs}] {format} {orientation} as {quantization}",
                    device => Product(device, input, rows, weight));
            }
        }
    }

    [DeviceTheory]
    [InlineData(Quantization.Int8)]
    [InlineData(Quantization.Int4)]
    public void Quantized_gate_and_up_share_an_epilogue_with_bias_and_many_panels(Quantization quantization)
    {
        const int rows = 11, inputs = 1100, outputs = 70;
        using var weights = new TestWeights(seed: 70);
        var up = weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.OutputsByInputs, range: 0.1f) with { Quantization = quantization };
        var gate = weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.InputsByOutputs, range: 0.1f) with { Quantization = quantization };
        var (bias, input) = (weights.Vector(outputs), weights.Numbers(rows * inputs));
        Matches(Budget.Sum(inputs), quantization.ToString(), device =>
        {
            var output = device.Allocate("output", rows, outputs);
            device.Product(
                Upload(device, input, rows), rows, [new Projection(device.Load(up), output, device.Load(bias), Epilogue.SwiGlu, device.Load(gate))]);
            return Read(device, output);
        });
    }

    [DeviceTheory]
    [InlineData(Quantization.Int8, 65)]
    [InlineData(Quantization.Int8, 1100)]
    [InlineData(Quantization.Int4, 65)]
    [InlineData(Quantization.Int4, 1100)]
    public void A_row_of_a_quantized_product_is_independent(Quantization quantization, int inputs)
    {
        const int rows = 150, outputs = 70;
        using var weights = new TestWeights(seed: inputs);
        var weight = weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.InputsByOutputs) with { Quantization = quantization };
        var input = weights.Numbers(rows * inputs);
        Independent(rows, (device, first, count) => Product(device, input[(first * inputs)..((first + count) * inputs)], count, weight));
    }

    [DeviceTheory]
    [InlineData(Quantization.Int8)]
    [InlineData(Quantization.Int4)]
    public void Quantized_experts_match_the_reference(Quantization quantization)
    {
        const int hidden = 64, innerSize = 96;
        using var weights = new TestWeights(seed: 71);
        foreach (var orientation in Orientations)
        {
            foreach (var (rows, slots, experts) in new[] { (1, 1, 4), (9, 2, 3), (140, 1, 2) })
            {
                WeightSpec Experts(int outputs, int inputs, int gap) =>
                    weights.Matrix(outputs, inputs, NumberFormat.BF16, orientation, experts, gap, range: 0.5f) with { Quantization = quantization };
                var (gate, up, down) = (Experts(innerSize, hidden, 96), Experts(innerSize, hidden, 5), Experts(hidden, innerSize, 0));
                var (input, scores) = (weights.Numbers(rows * hidden), weights.Numbers(rows * slots));
                var chosen = Enumerable.Range(0, rows * slots).Select(_ => weights.Next(-1, experts)).ToArray();
                Matches(8 * Budget.Sum(innerSize), $"{rows} rows, {slots} of {experts} experts, {quantization} {orientation}", device =>
                {
                    var routing = device.AllocateRouting(rows, slots);
                    device.Upload(chosen, scores, routing);
                    var output = device.Allocate("output", rows * slots, hidden);
                    device.ExpertRows(
                        Upload(device, input, rows),
                        routing,
                        rows,
                        new ExpertWeights(device.Load(gate), device.Load(up), device.Load(down), ScoreOn.Input),
                        device.Allocate("inner", rows * slots, innerSize),
                        output);
                    return Read(device, output);
                });
            }
        }
    }

    [DeviceTheory]
    [InlineData(Quantization.Int8, float.NaN)]
    [InlineData(Quantization.Int4, float.PositiveInfinity)]
    [InlineData(Quantization.Int8, float.NegativeInfinity)]
    public void A_weight_that_is_not_finite_is_refused_by_name(Quantization quantization, float number)
    {
        using var weights = new TestWeights(seed: 72);
        var numbers = weights.Numbers(40 * 33);
        numbers[777] = number;
        var spec = weights.Matrix(40, 33, numbers) with { Quantization = quantization };
        using var device = Create(threads: 2);
        var refused = Assert.Throws<PipelineException>(() => device.Load(spec));
        Assert.Equal("device.quantize", refused.Code);
        Assert.StartsWith(spec.Name, refused.Message, StringComparison.Ordinal);
    }

    [DeviceFact]
    public void What_is_no_product_is_not_quantized()
    {
        using var weights = new TestWeights(seed: 73);
        using var device = Create(threads: 1);
        var matrix = device.Load(weights.Matrix(40, 32, NumberFormat.BF16, WeightOrientation.OutputsByInputs) with { Quantization = Quantization.Int8 });
        var table = new StepTable(rows: 1, sequences: 1, pages: 1, pairs: 1) { Rows = 1 };
        Assert.Equal(40 * 64, matrix.Bytes);
        Assert.Throws<ArgumentException>(() => device.Load(weights.Vector(32) with { Quantization = Quantization.Int8 }));
        Assert.Throws<ArgumentException>(() => device.Embed(table, matrix, device.Allocate("output", 1, 32)));
    }
}
