using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Reads single elements of a stored weight: for references, vectors and tests, not for kernels.</summary>
public static unsafe class WeightReader
{
    /// <summary>One element as it is stored, widened exactly.</summary>
    public static float Element(WeightSpec spec, int part, int output, int input)
    {
        var element = 0f;
        Block(spec, part, output, input, new Span<float>(ref element));
        return element;
    }

    /// <summary>One element as products see it: quantized with its block where the weight is to be.</summary>
    public static float Loaded(WeightSpec spec, int part, int output, int input)
    {
        if (spec.Quantization == Quantization.None)
        {
            return Element(spec, part, output, input);
        }

        var values = stackalloc float[QuantizedBlock.Size];
        var codes = stackalloc byte[QuantizedBlock.Size];
        var within = input % QuantizedBlock.Size;
        Block(spec, part, output, input - within, new Span<float>(values, QuantizedBlock.Size));
        return QuantizedBlock.TryEncode(spec.Quantization, values, codes, out var scale)
            ? QuantizedBlock.Decode(spec.Quantization, codes, scale, within)
            : float.NaN;
    }

    /// <summary>Elements of one output from an input on, widened exactly; zeros beyond the last.</summary>
    public static void Block(WeightSpec spec, int part, int output, int firstInput, Span<float> values)
    {
        var (address, stride) = spec.Parts[part];
        var (first, step) = spec.Orientation == WeightOrientation.OutputsByInputs
            ? ((output * stride) + firstInput, 1L)
            : ((firstInput * stride) + output, stride);
        var size = spec.Format.Size();
        var from = (byte*)address + (first * size);
        var by = (nint)(step * size);
        var count = Math.Min(values.Length, spec.Inputs - firstInput);
        values[count..].Clear();
        switch (spec.Format)
        {
            case NumberFormat.F32:
                for (var i = 0; i < count; i++)
                {
                    values[i] = Unsafe.ReadUnaligned<float>(from + (i * by));
                }

                break;
            case NumberFormat.F16:
                for (var i = 0; i < count; i++)
                {
                    values[i] = (float)Unsafe.ReadUnaligned<Half>(from + (i * by));
                }

                break;
            default:
                for (var i = 0; i < count; i++)
                {
                    values[i] = BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(from + (i * by)) << 16);
                }

                break;
        }
    }
}
