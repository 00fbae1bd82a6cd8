namespace Pipeline.Kernels.Tests;

/// <summary>What quantizing does to numbers.</summary>
public sealed unsafe class QuantizedBlockTests
{
    /// <summary>A scale is rounded to 8 bits, so a step is this much longer at most.</summary>
    private const double ScaleRounding = 1.0 / 256;

    [Theory]
    [InlineData(0)]
    [InlineData(-60)]
    [InlineData(60)]
    public void A_number_moves_by_half_a_step_at_most(int exponent)
    {
        var random = new Random(exponent);
        for (var block = 0; block < 500; block++)
        {
            AssertNear([.. Enumerable.Range(0, QuantizedBlock.Size).Select(_ => MathF.ScaleB((2 * random.NextSingle()) - 1, exponent))]);
        }
    }

    [Theory]
    [InlineData(Quantization.Int8, -127, 127)]
    [InlineData(Quantization.Int4, -8, 7)]
    public void Whole_numbers_of_a_power_of_two_are_kept(Quantization quantization, int lowest, int highest)
    {
        var values = Enumerable.Range(0, QuantizedBlock.Size).Select(i => 0.25f * (i switch { 0 => lowest, 1 => highest, _ => (i * 5 % 16) - 8 })).ToArray();
        Assert.Equal(values, RoundTrip(quantization, values));
    }

    [Theory]
    [InlineData(Quantization.Int8)]
    [InlineData(Quantization.Int4)]
    public void Zeros_stay_zeros(Quantization quantization) =>
        Assert.All(RoundTrip(quantization, new float[QuantizedBlock.Size]), number => Assert.Equal(0, number));

    [Fact]
    public void The_last_block_of_a_row_is_filled_up_and_rows_begin_at_cache_lines()
    {
        Assert.Equal((3, 96, 128), (new QuantizedRows(Quantization.Int8, 65).Blocks, new QuantizedRows(Quantization.Int8, 65).ScaleOffset, new QuantizedRows(Quantization.Int8, 65).RowBytes));
        Assert.Equal(1024 + 64, new QuantizedRows(Quantization.Int8, 1024).RowBytes);
        Assert.Equal(512 + 64, new QuantizedRows(Quantization.Int4, 1024).RowBytes);
    }

    private static float[] RoundTrip(Quantization quantization, float[] values)
    {
        var codes = stackalloc byte[QuantizedBlock.Size];
        fixed (float* numbers = values)
        {
            Assert.True(QuantizedBlock.TryEncode(quantization, numbers, codes, out var scale));
            var loaded = new float[values.Length];
            for (var i = 0; i < loaded.Length; i++)
            {
                loaded[i] = QuantizedBlock.Decode(quantization, codes, scale, i);
            }

            return loaded;
        }
    }

    private static void AssertNear(float[] values)
    {
        var largest = values.Max(MathF.Abs);
        foreach (var (value, loaded) in values.Zip(RoundTrip(Quantization.Int8, values)))
        {
            Assert.InRange(Math.Abs((double)value - loaded), 0, largest / 127 / 2 * (1 + (2 * ScaleRounding)));
        }

        // The number of largest magnitude is -8 steps; one of the other sign may want 8, and gets 7.
        foreach (var (value, loaded) in values.Zip(RoundTrip(Quantization.Int4, values)))
        {
            Assert.InRange(Math.Abs((double)value - loaded), 0, largest / 8 * (1 + (16 * ScaleRounding)));
            Assert.True(Math.Abs(value) > 0.93f * largest || Math.Abs((double)value - loaded) <= largest / 16 * (1 + (2 * ScaleRounding)));
        }
    }
}
