namespace Pipeline.Kernels;

/// <summary>Reads single elements of a stored weight: for references, vectors and tests, not for kernels.</summary>
public static unsafe class WeightReader
{
    /// <summary>One element, widened exactly.</summary>
    public static float Element(WeightSpec spec, int part, int output, int input)
    {
        var stored = spec.Parts[part];
        var index = spec.Orientation == WeightOrientation.OutputsByInputs
            ? (output * stored.Stride) + input
            : (input * stored.Stride) + output;
        var bytes = new ReadOnlySpan<byte>((byte*)stored.Address + (index * spec.Format.Size()), spec.Format.Size());
        return spec.Format switch
        {
            NumberFormat.F32 => BitConverter.ToSingle(bytes),
            NumberFormat.F16 => (float)BitConverter.ToHalf(bytes),
            _ => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes) << 16),
        };
    }
}
