using ILGPU;

namespace Pipeline.Kernels;

/// <summary>How a weight lies in a device's memory.</summary>
/// <param name="Format">A <see cref="NumberFormat"/>, or <see cref="Int8"/> or <see cref="Int4"/>: rows of <see cref="QuantizedRows"/>.</param>
/// <param name="RowWords">32-bit words from one output's row to the next.</param>
/// <param name="Outputs">Rows of a part.</param>
internal readonly record struct StoredShape(int Format, int RowWords, int Outputs)
{
    /// <summary>Formats whose number is the words of a block.</summary>
    public const int Int8 = 8;

    public const int Int4 = 4;

    public bool IsQuantized => Format >= Int4;

    /// <summary>The first word of a row.</summary>
    public long Row(long part, long output) => ((part * Outputs) + output) * RowWords;
}

/// <summary>Reads stored numbers in kernels: words of one float32 or of two 16-bit floats, the lower half first.</summary>
internal static class Stored
{
    private const int F32 = (int)NumberFormat.F32;
    private const int BF16 = (int)NumberFormat.BF16;
    private const int Block = QuantizedBlock.Size;

    /// <summary>One element of a row.</summary>
    public static float Element(ArrayView<uint> words, long row, int index, int format)
    {
        if (format == F32)
        {
            return Interop.IntAsFloat(words[row + index]);
        }

        var half = (words[row + (index >> 1)] >> ((index & 1) << 4)) & 0xffffu;
        return format == BF16 ? Interop.IntAsFloat(half << 16) : Widen(half);
    }

    /// <summary>Sum of a row times an input, in ascending order.</summary>
    public static float Dot(ArrayView<uint> words, long row, int format, ArrayView<float> input, long first, int count)
    {
        if (format >= StoredShape.Int4)
        {
            return QuantizedDot(words, row, format, input, first, count);
        }

        var sum = 0f;
        if (format == F32)
        {
            for (var i = 0; i < count; i++)
            {
                sum += Interop.IntAsFloat(words[row + i]) * input[first + i];
            }

            return sum;
        }

        var pairs = count >> 1;
        if (format == BF16)
        {
            for (var i = 0; i < pairs; i++)
            {
                var word = words[row + i];
                sum += Interop.IntAsFloat(word << 16) * input[first + (2 * i)];
                sum += Interop.IntAsFloat(word & 0xffff0000u) * input[first + (2 * i) + 1];
            }
        }
        else
        {
            for (var i = 0; i < pairs; i++)
            {
                var word = words[row + i];
                sum += Widen(word & 0xffffu) * input[first + (2 * i)];
                sum += Widen(word >> 16) * input[first + (2 * i) + 1];
            }
        }

        // The odd element's neighbour is padding, and no input stands opposite.
        return (count & 1) == 0 ? sum : sum + (Element(words, row, count - 1, format) * input[first + count - 1]);
    }

    /// <summary>The scale of a block of a quantized row of that many inputs.</summary>
    public static float Scale(ArrayView<uint> words, long row, int format, int count, int block)
    {
        var blocks = (count + Block - 1) / Block;
        var pair = words[row + ((long)blocks * format) + (block >> 1)];
        return Interop.IntAsFloat((block & 1) == 0 ? pair << 16 : pair & 0xffff0000u);
    }

    private static float QuantizedDot(ArrayView<uint> words, long row, int format, ArrayView<float> input, long first, int count)
    {
        var sum = 0f;
        for (var block = 0; block * Block < count; block++)
        {
            var scale = Scale(words, row, format, count, block);
            var codes = row + ((long)block * format);
            var at = first + (block * Block);
            var end = count - (block * Block) < Block ? count - (block * Block) : Block;
            for (var i = 0; i < end; i++)
            {
                sum += Code(words, codes, format, i) * scale * input[at + i];
            }
        }

        return sum;
    }

    /// <summary>A whole number of a block, whose words are as many as its format says.</summary>
    private static float Code(ArrayView<uint> words, long codes, int format, int index)
    {
        var shift = (index & 3) << 3;
        if (format == StoredShape.Int8)
        {
            return (int)(words[codes + (index >> 2)] << (24 - shift)) >> 24;
        }

        var upper = index >> 4 << 2;
        return (int)((words[codes + ((index & 15) >> 2)] >> (shift + upper)) & 15u) - QuantizedBlock.Int4Offset;
    }

    /// <summary>An IEEE half, given in the lower 16 bits, exactly. Not every OpenCL device reads halves.</summary>
    private static float Widen(uint half)
    {
        var sign = (half & 0x8000u) << 16;
        var magnitude = half & 0x7fffu;
        if (magnitude >= 0x7c00u)
        {
            return Interop.IntAsFloat(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
        }

        if (magnitude < 0x400u)
        {
            var tiny = (int)magnitude * (1f / (1 << 24));
            return sign == 0 ? tiny : -tiny;
        }

        return Interop.IntAsFloat(sign | ((magnitude << 13) + 0x38000000u));
    }
}
