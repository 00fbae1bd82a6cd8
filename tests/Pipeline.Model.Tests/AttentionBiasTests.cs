using System.Runtime.InteropServices;
using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

/// <summary>Checkpoints with <c>attention_bias</c>, which no golden has.</summary>
public sealed class AttentionBiasTests
{
    [Fact]
    public void Biases_are_added_to_each_product()
    {
        using var golden = Golden.Open("scout-like", threads: 1);
        var (device, config) = (golden.Model.Device, golden.Model.Config.Text);
        var (hidden, keys) = (config.HiddenSize, config.KvHeads * config.HeadSize);
        var random = new Random(5);
        var (valueBias, output, outputBias) = (Numbers(random, keys), Numbers(random, hidden * hidden), Numbers(random, hidden));

        // Values that are their bias alone: whatever a row attends to, it gets just that.
        var tensors = new AttentionTensors(
            new LinearTensor(Weight(hidden, hidden, Numbers(random, hidden * hidden)), Weight(1, hidden, Numbers(random, hidden))),
            new LinearTensor(Weight(keys, hidden, Numbers(random, keys * hidden)), Weight(1, keys, Numbers(random, keys))),
            new LinearTensor(Weight(keys, hidden, new float[keys * hidden]), Weight(1, keys, valueBias)),
            new LinearTensor(Weight(hidden, hidden, output), Weight(1, hidden, outputBias)));
        var norm = device.Load(Weight(1, hidden, [.. Enumerable.Repeat(1f, hidden)]));
        var layer = new TextLayer(norm, TextAttention.Load(device, tensors, AttentionSpecs.Of(config, layer: 0), poolLayer: 0), norm, Dense: null, Moe: null);
        var cache = new KvCache(device, config, pages: 1, pageTokens: 16);
        var scratch = new TextScratch(config, rows: 3, outputs: 1, routedExperts: true, device.Allocate);
        var residual = Numbers(random, 3 * hidden);
        device.Upload(residual, scratch.Hidden, firstRow: 0);
        var step = Step(config);
        device.Upload(step);

        new AttentionHalf(device, layer, scratch, cache).Run(step, epsilon: 1e-5f);

        var computed = new float[3 * hidden];
        device.Read(scratch.Hidden, 0, 3, computed);
        for (var i = 0; i < computed.Length; i++)
        {
            var expected = residual[i] + outputBias[i % hidden];
            for (var j = 0; j < hidden; j++)
            {
                // Each KV head serves two query heads.
                expected += output[(i % hidden * hidden) + j] * valueBias[(j / config.HeadSize / 2 * config.HeadSize) + (j % config.HeadSize)];
            }

            Assert.Equal(expected, computed[i], tolerance: 1e-4f);
        }
    }

    private static StepTable Step(TextConfig config)
    {
        var positions = new PositionTables(config);
        var writer = new StepWriter(new StepTable(rows: 3, sequences: 1, pages: 1, positions.Pairs), positions);
        writer.BeginSequence([0], [0]);
        for (var position = 0; position < 3; position++)
        {
            writer.AddToken(id: 0, position, RowRole.Prompt);
        }

        return writer.Table;
    }

    private static float[] Numbers(Random random, int count)
    {
        var numbers = new float[count];
        foreach (ref var number in numbers.AsSpan())
        {
            number = random.NextSingle() - 0.5f;
        }

        return numbers;
    }

    private static WeightSpec Weight(int outputs, int inputs, float[] values)
    {
        var pinned = GC.AllocateUninitializedArray<float>(values.Length, pinned: true);
        values.CopyTo(pinned, 0);
        return new WeightSpec(
            "test",
            outputs,
            inputs,
            NumberFormat.F32,
            WeightOrientation.OutputsByInputs,
            [new WeightPart(Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0), inputs)],
            Owner: pinned);
    }
}
