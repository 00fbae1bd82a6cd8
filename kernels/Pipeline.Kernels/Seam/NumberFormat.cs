namespace Pipeline.Kernels;

/// <summary>How one number of a weight lies in memory (little-endian).</summary>
public enum NumberFormat
{
    F32,
    F16,
    BF16,
}

public static class NumberFormats
{
    /// <summary>Bytes that one element takes.</summary>
    public static int Size(this NumberFormat format) => format switch
    {
        NumberFormat.F32 => 4,
        NumberFormat.F16 or NumberFormat.BF16 => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, message: null),
    };
}
