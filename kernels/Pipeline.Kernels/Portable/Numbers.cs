using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Pipeline.Kernels;

/// <summary>A stored number format that kernels are specialised on.</summary>
internal unsafe interface INumber
{
    static abstract int Size { get; }

    static abstract V Load<V>(byte* source)
        where V : unmanaged, ILanes<V>;

    /// <summary>Hints that these numbers will be read, where they are likely to lie in memory and not in a cache.</summary>
    static abstract void Prefetch(byte* source);
}

/// <summary>Float32 in a scratch or page that a kernel reads from a cache.</summary>
internal readonly unsafe struct NearNumber : INumber
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ILanes<V> => V.Load((float*)source);

    public static void Prefetch(byte* source)
    {
        // What is near comes by itself.
    }
}

internal readonly unsafe struct F32Number : INumber
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ILanes<V> => V.Load((float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* source) => Memory.Prefetch(source);
}

internal readonly unsafe struct F16Number : INumber
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ILanes<V> => V.LoadF16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* source) => Memory.Prefetch(source);
}

internal readonly unsafe struct BF16Number : INumber
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ILanes<V> => V.LoadBF16((ushort*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* source) => Memory.Prefetch(source);
}

/// <summary>Work that is written once for all formats.</summary>
internal interface INumberWork
{
    void Run<N>()
        where N : INumber;
}

internal static class Numbers
{
    /// <summary>Runs the work on numbers as they lie in a file.</summary>
    public static void Run<TWork>(NumberFormat format, in TWork work)
        where TWork : struct, INumberWork
    {
        switch (format)
        {
            case NumberFormat.F32:
                work.Run<F32Number>();
                break;
            case NumberFormat.F16:
                work.Run<F16Number>();
                break;
            default:
                work.Run<BF16Number>();
                break;
        }
    }
}

internal static unsafe class Memory
{
    /// <summary>Hints that a cache line will be read; an address outside any mapping is harmless.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* source)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(source);
        }
    }
}
