using Pipeline.Checkpoints;

namespace Pipeline.Model;

/// <summary>
/// Rotary position embedding (Su et al., arXiv 2104.09864). The inverse frequencies and the angle are float32, as the
/// reference has them, so that long positions round alike; cosine and sine are taken in double from that angle.
/// </summary>
internal static class RotaryEmbedding
{
    /// <summary>Inverse frequency of each rotated pair of a text head: <c>[head size / 2]</c>.</summary>
    public static float[] TextFrequencies(RopeConfig rope, int headSize)
    {
        var frequencies = Frequencies(rope.Theta, headSize / 2);
        if (rope.Type == RopeType.Llama3)
        {
            for (var j = 0; j < frequencies.Length; j++)
            {
                frequencies[j] = ScaleLlama3(frequencies[j], rope);
            }
        }

        return frequencies;
    }

    /// <summary>
    /// Tables <c>[grid * grid + 1, head size / 2]</c> of a tile: the first half of the pairs turns with the column, the
    /// second with the row, both counted from 1; the class token, last, is not turned.
    /// </summary>
    public static (float[] Cosines, float[] Sines) TileTables(double theta, int grid, int headSize)
    {
        var pairs = headSize / 2;
        var frequencies = Frequencies(theta, pairs / 2);
        var cosines = new float[((grid * grid) + 1) * pairs];
        var sines = new float[cosines.Length];
        for (var patch = 0; patch < grid * grid; patch++)
        {
            var row = patch * pairs;
            Turn((patch % grid) + 1, frequencies, cosines.AsSpan(row), sines.AsSpan(row));
            Turn((patch / grid) + 1, frequencies, cosines.AsSpan(row + frequencies.Length), sines.AsSpan(row + frequencies.Length));
        }

        cosines.AsSpan(grid * grid * pairs).Fill(1);
        return (cosines, sines);
    }

    /// <summary>Cosine and sine of <c>position * frequency</c> for each frequency.</summary>
    public static void Turn(int position, ReadOnlySpan<float> frequencies, Span<float> cosines, Span<float> sines)
    {
        for (var j = 0; j < frequencies.Length; j++)
        {
            var angle = position * frequencies[j];
            var (sine, cosine) = Math.SinCos(angle);
            cosines[j] = (float)cosine;
            sines[j] = (float)sine;
        }
    }

    private static float[] Frequencies(double theta, int pairs)
    {
        var frequencies = new float[pairs];
        for (var j = 0; j < pairs; j++)
        {
            frequencies[j] = 1 / MathF.Pow((float)theta, 2f * j / (2f * pairs));
        }

        return frequencies;
    }

    // Low frequencies are stretched by the factor, high ones kept, those between blended.
    private static float ScaleLlama3(float frequency, RopeConfig rope)
    {
        var wavelength = 2 * MathF.PI / frequency;
        var turns = rope.OriginalMaxPositions / wavelength;
        if (turns > rope.HighFrequencyFactor)
        {
            return frequency;
        }

        if (turns < rope.LowFrequencyFactor || rope.HighFrequencyFactor == rope.LowFrequencyFactor)
        {
            return frequency / (float)rope.Factor;
        }

        var smooth = (turns - (float)rope.LowFrequencyFactor) / (float)(rope.HighFrequencyFactor - rope.LowFrequencyFactor);
        return ((1 - smooth) * frequency / (float)rope.Factor) + (smooth * frequency);
    }
}
