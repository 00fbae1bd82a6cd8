using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// A lane's share of four quantized outputs times an input row, a load of 16 bytes each. Whole numbers become floats without a conversion,
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

    /// <summary>The sums, and load <paramref name="k"/> of each output times the inputs that lie opposite, times its scale.</summary>
    /// <param name="input">Rows of the input, in fours.</param>
    /// <param name="row">Where the row begins there.</param>
    public static Floats4 Add(
        Floats4 sums, Words4 words0, Words4 words1, Words4 words2, Words4 words3, Floats4 scales, int format, ArrayView<Floats4> input, long row, int k)
    {
        var at = row + (k * (LoadInputs(format) / 4));
        var (x, y, z, w) = (input[at], input[at + 1], input[at + 2], input[at + 3]);
        if (format == StoredShape.Int8)
        {
            return new Floats4(
                sums.X + (scales.X * Int8(words0, x, y, z, w)),
                sums.Y + (scales.Y * Int8(words1, x, y, z, w)),
                sums.Z + (scales.Z * Int8(words2, x, y, z, w)),
                sums.W + (scales.W * Int8(words3, x, y, z, w)));
        }

        // The lower halves of the bytes stand opposite the block's first 16 inputs, the upper ones opposite the others.
        var lower = new Floats4(Int4(words0, 0, x, y, z, w), Int4(words1, 0, x, y, z, w), Int4(words2, 0, x, y, z, w), Int4(words3, 0, x, y, z, w));
        (x, y, z, w) = (input[at + 4], input[at + 5], input[at + 6], input[at + 7]);
        return new Floats4(
            sums.X + (scales.X * (lower.X + Int4(words0, 4, x, y, z, w))),
            sums.Y + (scales.Y * (lower.Y + Int4(words1, 4, x, y, z, w))),
            sums.Z + (scales.Z * (lower.Z + Int4(words2, 4, x, y, z, w))),
            sums.W + (scales.W * (lower.W + Int4(words3, 4, x, y, z, w))));
    }

    /// <summary>The scale of a load.</summary>
    public static float Scale(ArrayView<Words4> weight, long row, int format, int inputs, int k) =>
        Stored.Scale(weight.Cast<uint>(), 4 * row, format, inputs, k * LoadInputs(format) / Block);

    private static float Int8(Words4 words, Floats4 x, Floats4 y, Floats4 z, Floats4 w) =>
        (Int8(words.X, x) + Int8(words.Y, y)) + (Int8(words.Z, z) + Int8(words.W, w));

    private static float Int4(Words4 words, int shift, Floats4 x, Floats4 y, Floats4 z, Floats4 w) =>
        (Int4(words.X, shift, x) + Int4(words.Y, shift, y)) + (Int4(words.Z, shift, z) + Int4(words.W, shift, w));

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
