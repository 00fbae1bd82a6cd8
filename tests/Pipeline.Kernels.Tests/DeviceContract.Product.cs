namespace Pipeline.Kernels.Tests;

public abstract partial class DeviceContract
{
    public static TheoryData<int> Seeds => new(Enumerable.Range(1, 12));

    [DeviceTheory]
    [MemberData(nameof(Seeds))]
    public void Product_matches_the_reference_at_any_shape(int seed)
    {
        using var weights = new TestWeights(seed);
        foreach (var format in Formats)
        {
            foreach (var orientation in Orientations)
            {
                var (rows, inputs, outputs) = (weights.Pick(Sizes), weights.Pick(Sizes), weights.Pick(Sizes));
                var (gap, placement) = (weights.Next(0, 20), weights.Pick(Placements));
                var weight = weights.Matrix(outputs, inputs, format, orientation, gap: gap, placement: placement);
                var input = weights.Numbers(rows * inputs);
                Matches(
                    Budget.Sum(inputs),
                    $"[{rows}, {inputs}] x [{outputs}, {inputs}] {format} {orientation} gap {gap} at {placement}",
                    device => Product(device, input, rows, weight));
            }
        }
    }

    [DeviceTheory]
    [InlineData(WeightOrientation.OutputsByInputs)]
    [InlineData(WeightOrientation.InputsByOutputs)]
    public void Product_matches_the_reference_over_many_panels(WeightOrientation orientation)
    {
        const int rows = 131, inputs = 1100, outputs = 70;
        using var weights = new TestWeights(seed: 5);
        var weight = weights.Matrix(outputs, inputs, NumberFormat.BF16, orientation);
        var input = weights.Numbers(rows * inputs);
        Matches(Budget.Sum(inputs), "product", device => Product(device, input, rows, weight));
    }

    [DeviceTheory]
    [InlineData(Epilogue.None)]
    [InlineData(Epilogue.Gelu)]
    [InlineData(Epilogue.Residual)]
    [InlineData(Epilogue.SwiGlu)]
    public void Product_applies_bias_then_epilogue_to_each_of_its_projections(Epilogue epilogue)
    {
        const int rows = 9, inputs = 40;
        using var weights = new TestWeights(seed: 6);
        var input = weights.Numbers(rows * inputs);
        var specs = new[] { 7, 64, 65 }.Select(outputs => (
            Weight: weights.Matrix(outputs, inputs, NumberFormat.F16, WeightOrientation.OutputsByInputs),
            Gate: weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.InputsByOutputs),
            Bias: weights.Vector(outputs, NumberFormat.BF16),
            Residual: weights.Numbers(rows * outputs))).ToArray();

        // SwiGLU multiplies two sums of up to 10 each.
        Matches(12 * Budget.Sum(inputs), epilogue.ToString(), device =>
        {
            var projections = specs.Select(spec => new Projection(
                device.Load(spec.Weight),
                device.Allocate("output", rows, spec.Weight.Outputs),
                device.Load(spec.Bias),
                epilogue,
                epilogue == Epilogue.SwiGlu ? device.Load(spec.Gate) : null,
                epilogue == Epilogue.Residual ? Upload(device, spec.Residual, rows) : null)).ToArray();
            device.Product(Upload(device, input, rows), rows, projections);
            return [.. projections.SelectMany(p => Read(device, p.Output))];
        });
    }

    [DeviceFact]
    public void Product_adds_to_a_residual_in_place()
    {
        const int rows = 5, inputs = 24, outputs = 20;
        using var weights = new TestWeights(seed: 7);
        var weight = weights.Matrix(outputs, inputs, NumberFormat.F32, WeightOrientation.OutputsByInputs);
        var (input, residual) = (weights.Numbers(rows * inputs), weights.Numbers(rows * outputs));
        Matches(Budget.Sum(inputs), "residual", device =>
        {
            var stream = Upload(device, residual, rows);
            device.Product(
                Upload(device, input, rows), rows, [new Projection(device.Load(weight), stream, Epilogue: Epilogue.Residual, Residual: stream)]);
            return Read(device, stream);
        });
    }

    [DeviceTheory]
    [InlineData(NumberFormat.F16)]
    [InlineData(NumberFormat.BF16)]
    public void Every_stored_number_of_16_bits_is_widened_exactly(NumberFormat format)
    {
        using var weights = new TestWeights(seed: 8);
        var bits = Enumerable.Range(0, 1 << 16).Select(i => (ushort)i).ToArray();
        var spec = weights.Bits(bits, format);
        using var device = Create(threads: 1);
        var table = new StepTable(rows: bits.Length, sequences: 1, pages: 1, pairs: 1) { Rows = bits.Length };
        bits.Select(i => (int)i).ToArray().CopyTo(table.TokenIds, 0);
        var output = device.Allocate("output", bits.Length, 1);
        device.Upload(table);
        device.Embed(table, device.Load(spec), output);
        Assert.Equal(bits.Select(i => WeightReader.Element(spec, 0, i, 0)), Read(device, output));
    }

    [DeviceFact]
    public void Logits_are_the_product_with_the_head()
    {
        const int rows = 3, inputs = 33, outputs = 300;
        using var weights = new TestWeights(seed: 9);
        var head = weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.OutputsByInputs);
        var input = weights.Numbers(rows * inputs);
        Matches(Budget.Sum(inputs), "logits", device =>
        {
            var logits = device.Allocate("logits", rows, outputs);
            device.Logits(Upload(device, input, rows), rows, device.Load(head), logits);
            return Read(device, logits);
        });
    }

    [DeviceTheory]
    [InlineData(Epilogue.None)]
    [InlineData(Epilogue.Gelu)]
    [InlineData(Epilogue.SwiGlu)]
    public void What_is_not_a_number_stays_so_in_its_own_row(Epilogue epilogue)
    {
        const int rows = 6, inputs = 33, outputs = 9, poisoned = 4;
        using var weights = new TestWeights(seed: 10);
        var weight = weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.OutputsByInputs);
        var input = weights.Numbers(rows * inputs);
        input[(poisoned * inputs) + 7] = float.NaN;
        using var device = Create(threads: 1);
        var output = device.Allocate("output", rows, outputs);
        var gate = epilogue == Epilogue.SwiGlu ? device.Load(weight) : null;
        device.Product(Upload(device, input, rows), rows, [new Projection(device.Load(weight), output, Epilogue: epilogue, Gate: gate)]);
        Assert.Equal(
            Enumerable.Range(0, rows * outputs).Select(i => i / outputs == poisoned), Read(device, output).Select(float.IsNaN));
    }

    private static float[] Product(IDevice device, float[] input, int rows, WeightSpec weight)
    {
        var output = device.Allocate("output", rows, weight.Outputs);
        device.Product(Upload(device, input, rows), rows, [new Projection(device.Load(weight), output)]);
        return Read(device, output);
    }
}
