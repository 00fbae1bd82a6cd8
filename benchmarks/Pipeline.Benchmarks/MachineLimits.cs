using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Benchmarks;

/// <summary>What this machine can do at most, measured on one thread in the same run as the kernels.</summary>
internal static unsafe class MachineLimits
{
    private const int Rounds = 1 << 20;
    private const nint Bytes = 512 << 20;
    private const nint Part = 32 << 20;

    /// <summary>GFLOP/s of independent fused multiply-adds on registers, by the widest vectors .NET accelerates.</summary>
    public static double MultiplyAdds()
    {
        var seconds = Fastest.Seconds(() => Vector512.IsHardwareAccelerated ? Chains512(Rounds) : Chains256(Rounds));
        var lanes = Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;
        return 2.0 * lanes * 12 * Rounds / seconds / 1e9;
    }

    /// <summary>GB/s of reading memory far larger than the caches.</summary>
    public static double Reading()
    {
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        new Span<byte>(memory, (int)Bytes).Fill(1);
        nint next = 0;
        var seconds = Fastest.Seconds(() =>
        {
            next = (next + Part) % Bytes;
            return Read(memory + next);
        });
        NativeMemory.AlignedFree(memory);
        return Part / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains512(int rounds)
    {
        // Twelve chains hide the latency of any current processor's multiply-add.
        var (x, y) = (Vector512.Create(0.999f), Vector512.Create(1e-3f));
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (var round = 0; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains256(int rounds)
    {
        var (x, y) = (Vector256.Create(0.999f), Vector256.Create(1e-3f));
        Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (var round = 0; round < rounds; round++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
            k = Vector256.FusedMultiplyAdd(k, x, y);
            l = Vector256.FusedMultiplyAdd(l, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Read(byte* memory)
    {
        var (a, b, c, d) = (Vector256<int>.Zero, Vector256<int>.Zero, Vector256<int>.Zero, Vector256<int>.Zero);
        for (nint i = 0; i < Part; i += 128)
        {
            a ^= Vector256.LoadAligned((int*)(memory + i));
            b ^= Vector256.LoadAligned((int*)(memory + i + 32));
            c ^= Vector256.LoadAligned((int*)(memory + i + 64));
            d ^= Vector256.LoadAligned((int*)(memory + i + 96));
        }

        return Vector256.Sum(a ^ b ^ c ^ d);
    }
}
