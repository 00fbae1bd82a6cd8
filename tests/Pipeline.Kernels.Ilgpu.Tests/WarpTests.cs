using ILGPU;

namespace Pipeline.Kernels.Tests;

public sealed class WideSimulator : RuntimeFixture
{
    protected override IlgpuRuntime Open() => IlgpuRuntime.OpenSimulator(OptimizationLevel.O2, warp: Lanes32.Count);
}

public sealed class TwoWarpSimulator : RuntimeFixture
{
    protected override IlgpuRuntime Open() => IlgpuRuntime.OpenSimulator(OptimizationLevel.O2, warp: Lanes32.Count, warps: 2);
}

/// <summary>
/// Kernels that work by warps of 32, which the simulator plays with 32 threads: small shapes, as each exchange between lanes is a
/// barrier among them.
/// </summary>
public sealed class WarpTests(WideSimulator one, TwoWarpSimulator two) : IClassFixture<WideSimulator>, IClassFixture<TwoWarpSimulator>
{
    [Theory]
    [InlineData(NormKind.Rms, 1, 300, false)]
    [InlineData(NormKind.Layer, 3, 70, true)]
    [InlineData(NormKind.Layer, 2, 33, false)]
    public void A_group_of_warps_norms_a_row(NormKind kind, int rows, int columns, bool biased)
    {
        using var weights = new TestWeights(seed: columns);
        var (weight, bias, input) = (weights.Vector(columns), weights.Vector(columns), weights.Numbers(rows * columns));
        Matches(8 * Budget.Sum(columns), device =>
        {
            var output = device.Allocate("output", rows, columns);
            device.Norm(kind, Upload(device, input, rows), rows, device.Load(weight), biased ? device.Load(bias) : null, 1e-3f, output);
            return Read(device, output);
        }, two);
    }

    [Theory]
    [InlineData(1, 8, 3, Epilogue.None)]
    [InlineData(3, 264, 8, Epilogue.SwiGlu)]
    [InlineData(6, 40, 5, Epilogue.Residual)]
    public void Few_rows_are_multiplied_by_a_warp_four_outputs(int rows, int inputs, int outputs, Epilogue epilogue)
    {
        using var weights = new TestWeights(seed: rows);
        DeviceWeightSpecs(weights, outputs, inputs, out var weight, out var gate);
        var (bias, input, residual) = (weights.Vector(outputs), weights.Numbers(rows * inputs), weights.Numbers(rows * outputs));
        Matches(12 * Budget.Sum(inputs), device =>
        {
            var output = device.Allocate("output", rows, outputs);
            var kept = Upload(device, residual, rows);
            device.Product(
                Upload(device, input, rows),
                rows,
                [
                    new Projection(
                        device.Load(weight),
                        output,
                        device.Load(bias),
                        epilogue,
                        epilogue == Epilogue.SwiGlu ? device.Load(gate) : null,
                        epilogue == Epilogue.Residual ? kept : null),
                ]);
            return Read(device, output);
        });
    }

    [Theory]
    [InlineData(Quantization.Int8, 1, 544)]
    [InlineData(Quantization.Int8, 3, 64)]
    [InlineData(Quantization.Int4, 2, 1088)]
    [InlineData(Quantization.Int4, 6, 32)]
    public void Few_rows_of_quantized_weights_are_multiplied_by_a_warp_four_outputs(Quantization quantization, int rows, int inputs)
    {
        const int outputs = 6;
        using var weights = new TestWeights(seed: inputs);
        DeviceWeightSpecs(weights, outputs, inputs, out var up, out var gate);
        var input = weights.Numbers(rows * inputs);
        Matches(12 * Budget.Sum(inputs), device =>
        {
            var output = device.Allocate("output", rows, outputs);
            device.Product(
                Upload(device, input, rows),
                rows,
                [new Projection(device.Load(up with { Quantization = quantization }), output, Epilogue: Epilogue.SwiGlu, Gate: device.Load(gate with { Quantization = quantization }))]);
            return Read(device, output);
        });
    }

    [Theory]
    [InlineData(ScoreOn.Input)]
    [InlineData(ScoreOn.Output)]
    public void Experts_of_few_rows_are_multiplied_by_a_warp_four_outputs(ScoreOn scoreOn)
    {
        const int rows = 2, slots = 2, experts = 3, hidden = 16, innerSize = 8;
        using var weights = new TestWeights(seed: 5);
        WeightSpec Experts(int outputs, int inputs) =>
            weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.InputsByOutputs, experts);

        var (gate, up, down) = (Experts(innerSize, hidden), Experts(innerSize, hidden), Experts(hidden, innerSize));
        var (input, scores) = (weights.Numbers(rows * hidden), weights.Numbers(rows * slots));
        Matches(12 * Budget.Sum(hidden), device =>
        {
            var routing = device.AllocateRouting(rows, slots);
            device.Upload([2, -1, 0, 2], scores, routing);
            var output = device.Allocate("output", rows * slots, hidden);
            var expertWeights = new ExpertWeights(device.Load(gate), device.Load(up), device.Load(down), scoreOn);
            device.ExpertRows(
                Upload(device, input, rows), routing, rows, expertWeights, device.Allocate("inner", rows * slots, innerSize), output);
            return Read(device, output);
        });
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 300)]
    [InlineData(264, 300)]
    public void Attention_over_splits_is_merged_to_the_whole(int chunk, int last)
    {
        const int headSize = 40, pageTokens = 24;
        using var weights = new TestWeights(seed: last);
        var spec = new AttentionSpec(
            2, 1, headSize, AttentionKind.Full, chunk, Rotate: false, QueryKeyNorm.None, 0, ScaleQuery: false, 0.3f);
        var (keys, values, queries) = (weights.Numbers((last + 1) * headSize), weights.Numbers((last + 1) * headSize), weights.Numbers((last + 1) * 2 * headSize));
        Matches(Budget.Attention(headSize, last + 1), device =>
        {
            var pages = (last / pageTokens) + 1;
            var pool = device.AllocateKv(new KvShape(Layers: 1, pages, pageTokens, KvHeads: 1, headSize));
            var rows = new StepTable(last + 1, sequences: 1, pages, pairs: 1) { Rows = last + 1, Sequences = 1 };
            var only = new StepTable(rows: 1, sequences: 1, pages, pairs: 1) { Rows = 1, Sequences = 1 };
            only.Positions[0] = last;
            for (var i = 0; i <= last; i++)
            {
                rows.Positions[i] = i;
            }

            for (var i = 0; i < pages; i++)
            {
                rows.Pages(AttentionKind.Full)[i] = only.Pages(AttentionKind.Full)[i] = pages - 1 - i;
            }

            var query = Upload(device, queries, last + 1);
            device.Upload(rows);
            device.Upload(only);
            device.RotateAppend(rows, spec, query, Upload(device, keys, last + 1), Upload(device, values, last + 1), pool, 0);
            var output = device.Allocate("output", 1, 2 * headSize);
            device.Attend(only, spec, Upload(device, queries[..(2 * headSize)], 1), pool, 0, output);
            return Read(device, output);
        });
    }

    [Theory]
    [InlineData(QueryKeyNorm.None, 40, true)]
    [InlineData(QueryKeyNorm.BeforeRotation, 72, true)]
    [InlineData(QueryKeyNorm.AfterRotation, 72, true)]
    [InlineData(QueryKeyNorm.AfterRotation, 40, false)]
    public void Queries_and_keys_are_normed_rotated_and_appended_by_a_warp_a_head(QueryKeyNorm norm, int headSize, bool rotate)
    {
        const int rows = 3, heads = 2, pageTokens = 2;
        using var weights = new TestWeights(seed: headSize);
        var spec = new AttentionSpec(heads, 1, headSize, AttentionKind.Full, 0, rotate, norm, 1e-3f, ScaleQuery: true, 0.3f);
        var (queries, keys, values) = (weights.Numbers(rows * heads * headSize), weights.Numbers(rows * headSize), weights.Numbers(rows * headSize));
        var (angles, scales) = (weights.Numbers(rows * headSize / 2, range: 3), weights.Numbers(rows));
        Matches(8 * Budget.Attention(headSize, rows), device =>
        {
            var pool = device.AllocateKv(new KvShape(Layers: 1, Pages: 2, pageTokens, KvHeads: 1, headSize));
            var table = new StepTable(rows, sequences: 1, pages: 2, pairs: headSize / 2) { Rows = rows, Sequences = 1 };
            (table.Pages(AttentionKind.Full)[0], table.Pages(AttentionKind.Full)[1]) = (1, 0);
            scales.CopyTo(table.QueryScales, 0);
            for (var i = 0; i < angles.Length; i++)
            {
                (table.Sines[i], table.Cosines[i]) = MathF.SinCos(angles[i]);
            }

            for (var row = 0; row < rows; row++)
            {
                table.Positions[row] = row;
            }

            var (query, key, output) = (Upload(device, queries, rows), Upload(device, keys, rows), device.Allocate("output", rows, heads * headSize));
            device.Upload(table);
            device.RotateAppend(table, spec, query, key, Upload(device, values, rows), pool, 0);
            device.Attend(table, spec, query, pool, 0, output);
            return [.. Read(device, query), .. Read(device, key), .. Read(device, output)];
        });
    }

    [Fact]
    public void Tiles_attend_by_a_warp_a_head()
    {
        const int tiles = 2, tokens = 3, heads = 2, headSize = 72;
        using var weights = new TestWeights(seed: 7);
        float[] Heads() => weights.Numbers(tiles * tokens * heads * headSize);
        var (query, key, value) = (Heads(), Heads(), Heads());
        Matches(Budget.Attention(headSize, tokens), device =>
        {
            var output = device.Allocate("output", tiles * tokens, heads * headSize);
            DeviceBuffer Rows(float[] all) => Upload(device, all, tiles * tokens);
            device.AttendTiles(Rows(query), Rows(key), Rows(value), tiles, tokens, heads, 0.3f, output);
            return Read(device, output);
        });
    }

    private static void DeviceWeightSpecs(TestWeights weights, int outputs, int inputs, out WeightSpec weight, out WeightSpec gate) =>
        (weight, gate) = (
            weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.OutputsByInputs, gap: 3),
            weights.Matrix(outputs, inputs, NumberFormat.BF16, WeightOrientation.InputsByOutputs));

    private void Matches(double budget, Func<IDevice, float[]> calls, RuntimeFixture? fixture = null)
    {
        using var device = new IlgpuDevice((fixture ?? one).Runtime, ownsRuntime: false);
        using var reference = new ReferenceDevice();
        Assert.True(device.FastKernels);
        var (expected, actual) = (calls(reference), calls(device));
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs((double)pair.First - pair.Second), 0, budget));
    }
}
