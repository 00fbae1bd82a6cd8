using ILGPU;

namespace Pipeline.Kernels;

/// <summary>16 bytes of stored numbers, read by one instruction.</summary>
internal readonly record struct Words4(uint X, uint Y, uint Z, uint W);

/// <summary>16 bytes of float32, read by one instruction.</summary>
internal readonly record struct Floats4(float X, float Y, float Z, float W);

/// <summary>Helpers of kernels that work by warps of 32.</summary>
internal static class Lanes32
{
    public const int Count = 32;

    /// <summary>The same sum, added up in the same order, on every lane.</summary>
    public static float Sum(float value)
    {
        value += Warp.ShuffleXor(value, 16);
        value += Warp.ShuffleXor(value, 8);
        value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }

    /// <summary>The first item of this warp; the next is <see cref="Stride"/> further.</summary>
    public static long First => Items.First / Count;

    public static long Stride => Items.Stride / Count;
}
