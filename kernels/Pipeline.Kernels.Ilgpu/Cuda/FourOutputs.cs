using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Sums of four outputs for each of four rows.</summary>
internal readonly record struct FourSums(Floats4 Row0, Floats4 Row1, Floats4 Row2, Floats4 Row3)
{
    /// <summary>The sum of row index / 4 and output index % 4.</summary>
    public float Of(int index)
    {
        var row = index < 4 ? Row0 : index < 8 ? Row1 : index < 12 ? Row2 : Row3;
        var output = index & 3;
        return output == 0 ? row.X : output == 1 ? row.Y : output == 2 ? row.Z : row.W;
    }
}

/// <summary>
/// Four neighbouring outputs of a weight, computed by one warp: a load of 16 bytes a lane of each is under way at once, and what is read of the
/// input, two to eight times as many bytes, serves all four. Inputs are whole numbers of <see cref="Load"/>, or of quantized blocks.
/// </summary>
internal static class FourOutputs
{
    public const int Count = 4;

    /// <summary>Inputs of one load of BF16.</summary>
    public const int Load = 8;

    /// <summary>Strips of four, the last of which may have fewer.</summary>
    public static int Strips(int outputs) => (outputs + Count - 1) / Count;

    /// <summary>
    /// The weight's rows from <paramref name="column"/> on times up to four input rows, each sum on every lane, added up in an order that does not
    /// depend on how many rows there are; outputs beyond the last are computed as the last.
    /// </summary>
    /// <param name="input">Rows of the input, in fours.</param>
    /// <param name="row">The first row.</param>
    /// <param name="last">Rows that follow it; sums of those beyond it are 0.</param>
    public static FourSums Dot(
        ArrayView<Floats4> input, ArrayView<Words4> weight, StoredShape stored, long part, long column, long row, long last, int inputs)
    {
        var end = stored.Outputs - 1;
        var out0 = stored.Row(part, column) / 4;
        var out1 = stored.Row(part, column + 1 < end ? column + 1 : end) / 4;
        var out2 = stored.Row(part, column + 2 < end ? column + 2 : end) / 4;
        var out3 = stored.Row(part, column + 3 < end ? column + 3 : end) / 4;
        var quads = inputs / 4;
        var first = row * quads;
        var zero = new Floats4(0, 0, 0, 0);
        var (row0, row1, row2, row3) = (zero, zero, zero, zero);
        var format = stored.Format;
        var loads = stored.IsQuantized ? inputs / QuantizedDots.LoadInputs(format) : inputs / Load;
        for (var k = Warp.LaneIdx; k < loads; k += Lanes32.Count)
        {
            var (words0, words1, words2, words3) = (weight[out0 + k], weight[out1 + k], weight[out2 + k], weight[out3 + k]);
            if (stored.IsQuantized)
            {
                var scales = new Floats4(
                    QuantizedDots.Scale(weight, out0, format, inputs, k),
                    QuantizedDots.Scale(weight, out1, format, inputs, k),
                    QuantizedDots.Scale(weight, out2, format, inputs, k),
                    QuantizedDots.Scale(weight, out3, format, inputs, k));
                row0 = QuantizedDots.Add(row0, words0, words1, words2, words3, scales, format, input, first, k);
                row1 = last < 1 ? row1 : QuantizedDots.Add(row1, words0, words1, words2, words3, scales, format, input, first + quads, k);
                row2 = last < 2 ? row2 : QuantizedDots.Add(row2, words0, words1, words2, words3, scales, format, input, first + (2 * quads), k);
                row3 = last < 3 ? row3 : QuantizedDots.Add(row3, words0, words1, words2, words3, scales, format, input, first + (3 * quads), k);
            }
            else
            {
                row0 = Add(row0, words0, words1, words2, words3, input, first, k);
                row1 = last < 1 ? row1 : Add(row1, words0, words1, words2, words3, input, first + quads, k);
                row2 = last < 2 ? row2 : Add(row2, words0, words1, words2, words3, input, first + (2 * quads), k);
                row3 = last < 3 ? row3 : Add(row3, words0, words1, words2, words3, input, first + (3 * quads), k);
            }
        }

        return new FourSums(Sum(row0), last < 1 ? zero : Sum(row1), last < 2 ? zero : Sum(row2), last < 3 ? zero : Sum(row3));
    }

    private static Floats4 Add(
        Floats4 sums, Words4 words0, Words4 words1, Words4 words2, Words4 words3, ArrayView<Floats4> input, long row, int k)
    {
        var (low, high) = (input[row + (2 * k)], input[row + (2 * k) + 1]);
        return new Floats4(sums.X + Dot(words0, low, high), sums.Y + Dot(words1, low, high), sums.Z + Dot(words2, low, high), sums.W + Dot(words3, low, high));
    }

    private static float Dot(Words4 words, Floats4 low, Floats4 high) =>
        ((Low(words.X) * low.X) + (High(words.X) * low.Y) + (Low(words.Y) * low.Z) + (High(words.Y) * low.W))
        + ((Low(words.Z) * high.X) + (High(words.Z) * high.Y) + (Low(words.W) * high.Z) + (High(words.W) * high.W));

    private static float Low(uint word) => Interop.IntAsFloat(word << 16);

    private static float High(uint word) => Interop.IntAsFloat(word & 0xffff0000u);

    private static Floats4 Sum(Floats4 sums) => new(Lanes32.Sum(sums.X), Lanes32.Sum(sums.Y), Lanes32.Sum(sums.Z), Lanes32.Sum(sums.W));
}
