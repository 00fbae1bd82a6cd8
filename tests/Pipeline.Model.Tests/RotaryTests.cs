using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

public sealed class RotaryTests
{
    private static readonly RopeConfig Plain = new(500_000, RopeType.Default, 0, 0, 0, 0);

    [Fact]
    public void Plain_frequencies_are_powers_of_theta()
    {
        var frequencies = RotaryEmbedding.TextFrequencies(Plain, headSize: 128);

        Assert.Equal(64, frequencies.Length);
        for (var j = 0; j < frequencies.Length; j++)
        {
            var expected = Math.Pow(500_000, -2.0 * j / 128);
            Assert.Equal(expected, frequencies[j], expected * 1e-6);
        }
    }

    [Fact]
    public void Scout_keeps_35_frequencies_and_divides_the_others_by_16()
    {
        var plain = RotaryEmbedding.TextFrequencies(Plain, headSize: 128);
        var scaled = RotaryEmbedding.TextFrequencies(new RopeConfig(500_000, RopeType.Llama3, 16, 1, 1, 8192), headSize: 128);

        Assert.Equal(plain[..35], scaled[..35]);
        Assert.Equal(plain[35..].Select(frequency => frequency / 16), scaled[35..]);
    }

    [Fact]
    public void Between_the_bands_frequencies_are_blended()
    {
        var plain = RotaryEmbedding.TextFrequencies(Plain, headSize: 128);
        var scaled = RotaryEmbedding.TextFrequencies(new RopeConfig(500_000, RopeType.Llama3, 8, 1, 4, 8192), headSize: 128);
        var blended = 0;
        for (var j = 0; j < plain.Length; j++)
        {
            var turns = 8192 * plain[j] / (2 * Math.PI);
            var smooth = Math.Clamp((turns - 1) / 3, 0, 1);
            var expected = ((1 - smooth) * plain[j] / 8) + (smooth * plain[j]);
            Assert.Equal(expected, scaled[j], expected * 1e-5);
            blended += smooth is > 0 and < 1 ? 1 : 0;
        }

        Assert.True(blended > 3);
    }

    [Fact]
    public void Tiles_turn_with_column_and_row_counted_from_one_and_the_class_token_stays()
    {
        var (cosines, sines) = RotaryEmbedding.TileTables(theta: 10_000, grid: 3, headSize: 8);

        Assert.Equal((10 * 4, 10 * 4), (cosines.Length, sines.Length));
        for (var patch = 0; patch < 9; patch++)
        {
            double[] angles = [(patch % 3) + 1, ((patch % 3) + 1) * 0.01, (patch / 3) + 1, ((patch / 3) + 1) * 0.01];
            for (var j = 0; j < 4; j++)
            {
                Assert.Equal(Math.Cos(angles[j]), cosines[(patch * 4) + j], tolerance: 1e-6);
                Assert.Equal(Math.Sin(angles[j]), sines[(patch * 4) + j], tolerance: 1e-6);
            }
        }

        Assert.Equal([1, 1, 1, 1], cosines[36..]);
        Assert.Equal([0, 0, 0, 0], sines[36..]);
    }

    [Fact]
    public void Queries_are_first_scaled_where_the_floor_is_reached()
    {
        using var golden = Golden.Open("scout-like");
        var tables = new PositionTables(golden.Model.Config.Text with { FloorScale = 8192, AttentionScale = 0.1 });
        var untuned = new PositionTables(golden.Model.Config.Text with { TuneTemperature = false });

        Assert.Equal([1, 1, 1 + (0.1f * MathF.Log(2)), 1 + (0.1f * MathF.Log(2)), 1 + (0.1f * MathF.Log(3))],
            new[] { 0, 8190, 8191, 16382, 16383 }.Select(tables.QueryScale));
        Assert.Equal(1, untuned.QueryScale(100_000));
    }

    [Fact]
    public void Layers_mask_and_rotate_each_as_the_config_says()
    {
        using var golden = Golden.Open("scout-like");
        var config = golden.Model.Config.Text with
        {
            LayerConfigs = [new(true, Rotate: true, Chunked: true), new(true, Rotate: false, Chunked: true), new(true, Rotate: true, Chunked: false)],
            Layers = 3,
        };

        var specs = Enumerable.Range(0, 3).Select(layer => AttentionSpecs.Of(config, layer)).ToList();

        Assert.Equal([AttentionKind.Chunked, AttentionKind.Chunked, AttentionKind.Full], specs.Select(spec => spec.Kind));
        Assert.Equal([32, 32, 0], specs.Select(spec => spec.Chunk));
        Assert.Equal([QueryKeyNorm.AfterRotation, QueryKeyNorm.None, QueryKeyNorm.AfterRotation], specs.Select(spec => spec.Norm));
        Assert.Equal([false, true, false], specs.Select(spec => spec.ScaleQuery));
        Assert.All(specs, spec => Assert.Equal(0.25f, spec.SoftmaxScale));
    }
}
