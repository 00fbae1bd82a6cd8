namespace Pipeline.Kernels.Tests;

/// <summary>What a row yields is the same bits alone, among others, on any number of threads and however a batch is split.</summary>
public abstract partial class DeviceContract
{
    [DeviceTheory]
    [InlineData(WeightOrientation.OutputsByInputs, 5)]
    [InlineData(WeightOrientation.OutputsByInputs, 65)]
    [InlineData(WeightOrientation.OutputsByInputs, 1100)]
    [InlineData(WeightOrientation.InputsByOutputs, 5)]
    [InlineData(WeightOrientation.InputsByOutputs, 65)]
    [InlineData(WeightOrientation.InputsByOutputs, 1100)]
    public void A_row_of_a_product_is_independent(WeightOrientation orientation, int inputs)
    {
        const int rows = 150, outputs = 70;
        using var weights = new TestWeights(seed: inputs);
        foreach (var format in Formats)
        {
            var weight = weights.Matrix(outputs, inputs, format, orientation, gap: 3, placement: Placement.Odd);
            var gate = weights.Matrix(outputs, inputs, format, orientation);
            var input = weights.Numbers(rows * inputs);
            Independent(rows, (device, first, count) =>
            {
                var output = device.Allocate("output", count, outputs);
                device.Product(
                    Upload(device, input[(first * inputs)..((first + count) * inputs)], count),
                    count,
                    [new Projection(device.Load(weight), output, Epilogue: Epilogue.SwiGlu, Gate: device.Load(gate))]);
                return Read(device, output);
            });
        }
    }

    [DeviceFact]
    public void A_row_of_experts_is_independent()
    {
        const int rows = 150, slots = 2, experts = 5, hidden = 65, innerSize = 130;
        using var weights = new TestWeights(seed: 60);
        foreach (var orientation in Orientations)
        {
            var router = weights.Matrix(experts, hidden, NumberFormat.F32, WeightOrientation.OutputsByInputs);
            var gate = weights.Matrix(innerSize, hidden, NumberFormat.BF16, orientation, experts);
            var up = weights.Matrix(innerSize, hidden, NumberFormat.BF16, orientation, experts);
            var down = weights.Matrix(hidden, innerSize, NumberFormat.BF16, orientation, experts);
            var input = weights.Numbers(rows * hidden);
            Independent(rows, (device, first, count) =>
            {
                var routing = device.AllocateRouting(count, slots);
                var (rowsBuffer, output) = (Upload(device, input[(first * hidden)..((first + count) * hidden)], count), device.Allocate("output", count * slots, hidden));
                device.Route(rowsBuffer, count, device.Load(router), RouterScore.Sigmoid, routing);
                device.ExpertRows(
                    rowsBuffer,
                    routing,
                    count,
                    new ExpertWeights(device.Load(gate), device.Load(up), device.Load(down), ScoreOn.Input),
                    device.Allocate("inner", count * slots, innerSize),
                    output);
                return Read(device, output);
            });
        }
    }

    [DeviceFact]
    public void A_tile_is_independent()
    {
        const int tiles = 5, tokens = 67, heads = 3, headSize = 22;
        using var weights = new TestWeights(seed: 61);
        var perTile = tokens * heads * headSize;
        var (query, key, value) = (weights.Numbers(tiles * perTile), weights.Numbers(tiles * perTile), weights.Numbers(tiles * perTile));
        Independent(tiles, (device, first, count) =>
        {
            DeviceBuffer Part(float[] all) => Upload(device, all[(first * perTile)..((first + count) * perTile)], count * tokens);
            var output = device.Allocate("output", count * tokens, heads * headSize);
            device.AttendTiles(Part(query), Part(key), Part(value), count, tokens, heads, 0.3f, output);
            return Read(device, output);
        });
    }

    [DeviceFact]
    public void A_norm_and_a_choice_are_independent()
    {
        const int rows = 64, columns = 5000;
        using var weights = new TestWeights(seed: 62);
        var (weight, input) = (weights.Vector(columns), weights.Numbers(rows * columns));
        Independent(rows, (device, first, count) =>
        {
            var (part, output) = (Upload(device, input[(first * columns)..((first + count) * columns)], count), device.Allocate("output", count, columns));
            var choices = new TokenChoice[count];
            var chosen = device.AllocateChoices(count);
            device.Norm(NormKind.Rms, part, count, device.Load(weight), bias: null, 1e-5f, output);
            device.Best(part, count, chosen);
            device.Read(chosen, count, choices);
            return [.. Enumerable.Range(0, count).SelectMany(row => (float[])
                [.. Read(device, output).AsSpan(row * columns, columns), choices[row].Token, choices[row].LogProbability])];
        });
    }

    /// <summary>Compares all rows at once on one thread with single rows, chunks, and other numbers of threads.</summary>
    private void Independent(int rows, Func<IDevice, int, int, float[]> run)
    {
        using var one = Create(threads: 1);
        var expected = run(one, 0, rows);
        foreach (var (threads, step) in new[] { (2, rows), (3, rows), (1, 1), (1, 7), (2, 32) })
        {
            using var device = Create(threads);
            var actual = new List<float>();
            for (var first = 0; first < rows; first += step)
            {
                actual.AddRange(run(device, first, Math.Min(step, rows - first)));
            }

            Close(expected, [.. actual], budget: 0, $"{threads} threads, {step} rows at a time");
        }
    }
}
