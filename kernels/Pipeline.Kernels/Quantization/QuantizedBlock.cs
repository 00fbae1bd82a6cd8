using System.Runtime.Intrinsics;

namespace Pipeline.Kernels;

/// <summary>A block of 32 numbers of one output as small whole numbers and a scale, rounded to the nearest, ties to even.</summary>
internal static unsafe class QuantizedBlock
{
    /// <summary>Numbers of a block.</summary>
    public const int Size = 32;

    /// <summary>Bytes of a scale.</summary>
    public const int ScaleBytes = sizeof(ushort);

    /// <summary>What is taken from INT4's stored numbers.</summary>
    public const int Int4Offset = 8;

    private const int Int8Limit = 127;
    private const int Int4Limit = 15;

    /// <summary>Bytes of a block's whole numbers.</summary>
    public static int CodeBytes(Quantization quantization) => quantization == Quantization.Int8 ? Size : Size / 2;

    /// <summary>Writes the block's whole numbers and returns its scale, in BF16.</summary>
    /// <param name="values">32 numbers.</param>
    /// <param name="codes">INT8: a byte each; INT4: 16 bytes, byte j holds number j in its lower half and number j + 16 in its upper.</param>
    /// <returns>False where a number is infinite or none at all.</returns>
    public static bool TryEncode(Quantization quantization, float* values, byte* codes, out ushort scale)
    {
        var largest = Largest(values);
        if (!float.IsFinite(largest))
        {
            scale = 0;
            return false;
        }

        if (quantization == Quantization.Int8)
        {
            scale = RoundToBF16(Math.Abs(largest) / Int8Limit);
            Encode8(values, Widen(scale), codes);
        }
        else
        {
            scale = RoundToBF16(largest / -Int4Offset);
            Encode4(values, Widen(scale), codes);
        }

        return true;
    }

    /// <summary>A number of a block, exactly.</summary>
    public static float Decode(Quantization quantization, byte* codes, ushort scale, int index) => quantization == Quantization.Int8
        ? (sbyte)codes[index] * Widen(scale)
        : (((codes[index % (Size / 2)] >> (index / (Size / 2) * 4)) & Int4Limit) - Int4Offset) * Widen(scale);

    /// <summary>The number of largest magnitude, the positive one of equals; not finite where any is not.</summary>
    private static float Largest(float* values)
    {
        var (most, least) = (Vector128.Load(values), Vector128.Load(values));
        for (var i = Vector128<float>.Count; i < Size; i += Vector128<float>.Count)
        {
            most = Vector128.Max(most, Vector128.Load(values + i));
            least = Vector128.Min(least, Vector128.Load(values + i));
        }

        var (highest, lowest) = (most[0], least[0]);
        for (var i = 1; i < Vector128<float>.Count; i++)
        {
            (highest, lowest) = (MathF.Max(highest, most[i]), MathF.Min(lowest, least[i]));
        }

        // A NaN is both.
        return highest >= -lowest ? highest : lowest;
    }

    private static void Encode8(float* values, float scale, byte* codes)
    {
        for (var i = 0; i < Size; i += Vector128<float>.Count)
        {
            var rounded = Round(values + i, scale, -Int8Limit, Int8Limit);
            for (var lane = 0; lane < Vector128<int>.Count; lane++)
            {
                codes[i + lane] = (byte)rounded[lane];
            }
        }
    }

    private static void Encode4(float* values, float scale, byte* codes)
    {
        const int half = Size / 2;
        for (var i = 0; i < half; i += Vector128<float>.Count)
        {
            var low = Round(values + i, scale, -Int4Offset, Int4Limit - Int4Offset) + Vector128.Create(Int4Offset);
            var high = Round(values + half + i, scale, -Int4Offset, Int4Limit - Int4Offset) + Vector128.Create(Int4Offset);
            var both = low | (high << 4);
            for (var lane = 0; lane < Vector128<int>.Count; lane++)
            {
                codes[i + lane] = (byte)both[lane];
            }
        }
    }

    /// <summary>Four numbers over the scale, as whole numbers; a block of zeros has the scale 0.</summary>
    private static Vector128<int> Round(float* values, float scale, int lowest, int highest)
    {
        if (scale == 0)
        {
            return Vector128<int>.Zero;
        }

        var rounded = Vector128.Round(Vector128.Load(values) / Vector128.Create(scale));
        var bounded = Vector128.Min(Vector128.Max(rounded, Vector128.Create((float)lowest)), Vector128.Create((float)highest));
        return Vector128.ConvertToInt32(bounded);
    }

    private static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static ushort RoundToBF16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
    }
}
