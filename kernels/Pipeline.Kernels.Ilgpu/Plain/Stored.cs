using ILGPU;

namespace Pipeline.Kernels;

/// <summary>How a weight lies in a device's memory.</summary>
/// <param name="Format">A <see cref="NumberFormat"/>.</param>
/// <param name="RowWords">32-bit words from one output's row to the next.</param>
/// <param name="Outputs">Rows of a part.</param>
internal readonly record struct StoredShape(int Format, int RowWords, int Outputs)
{
    /// <summary>The first word of a row.</summary>
    public long Row(long part, long output) => ((part * Outputs) + output) * RowWords;
}

/// <summary>Reads stored numbers in kernels: words of one float32 or of two 16-bit floats, the lower half first.</summary>
internal static class Stored
{
    private const int F32 = (int)NumberFormat.F32;
    private const int BF16 = (int)NumberFormat.BF16;

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
