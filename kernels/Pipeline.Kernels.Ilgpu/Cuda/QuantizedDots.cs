using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// A warp's share of a quantized row times input rows, 16 bytes a lane and load. Whole numbers become floats without a conversion,
/// whose units are few: their bits are put into the mantissa of 2^23.
/// </summary>
internal static class QuantizedDots
{
    private const int Block = QuantizedBlock.Size;
    private const int Int8Load = 16;
    private const uint Exponent = 0x4B000000u; // 2^23
    private const uint SignBits = 0x80808080u;
    private const float Int8Bias = 8388736f; // 2^23 + 128
    private const float Int4Bias = 8388616f; // 2^23 + 8

    /// <summary>Inputs that a load is for, for each lane its own.</summary>
    public static int LoadInputs(int format) => format == StoredShape.Int8 ? Int8Load : Block;

    /// <summary>Load <paramref name="k"/> of a row times the inputs that lie opposite, before the scale.</summary>
    /// <param name="input">The input row, in fours.</param>
    public static float Dot(Words4 words, int format, ArrayView<Floats4> input, long row, int k)
    {
        if (format == StoredShape.Int8)
        {
            var at = row + (k * (Int8Load / 4));
            return (Int8(words.X, input[at]) + Int8(words.Y, input[at + 1])) + (Int8(words.Z, input[at + 2]) + Int8(words.W, input[at + 3]));
        }

        var first = row + (k * (Block / 4));
        return ((Int4(words.X, 0, input[first]) + Int4(words.Y, 0, input[first + 1])) + (Int4(words.Z, 0, input[first + 2]) + Int4(words.W, 0, input[first + 3])))
            + ((Int4(words.X, 4, input[first + 4]) + Int4(words.Y, 4, input[first + 5])) + (Int4(words.Z, 4, input[first + 6]) + Int4(words.W, 4, input[first + 7])));
    }

    /// <summary>The scale of a load.</summary>
    public static float Scale(ArrayView<Words4> weight, long row, int format, int inputs, int k) =>
        Stored.Scale(weight.Cast<uint>(), 4 * row, format, inputs, k * LoadInputs(format) / Block);

    private static float Int8(uint word, Floats4 input)
    {
        word ^= SignBits;
        return (Number(word & 0xffu, Int8Bias) * input.X) + (Number((word >> 8) & 0xffu, Int8Bias) * input.Y)
            + (Number((word >> 16) & 0xffu, Int8Bias) * input.Z) + (Number(word >> 24, Int8Bias) * input.W);
    }

    private static float Int4(uint word, int shift, Floats4 input)
    {
        word >>= shift;
        return (Number(word & 15u, Int4Bias) * input.X) + (Number((word >> 8) & 15u, Int4Bias) * input.Y)
            + (Number((word >> 16) & 15u, Int4Bias) * input.Z) + (Number((word >> 24) & 15u, Int4Bias) * input.W);
    }

    private static float Number(uint code, float bias) => Interop.IntAsFloat(code | Exponent) - bias;
}
