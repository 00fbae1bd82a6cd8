using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>The ends of rows: what lies beyond is neither read nor written, and reads as zero.</summary>
internal static unsafe class Partial
{
    /// <summary>Room for the widest vector of the widest number.</summary>
    private const int Bytes = 64;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static V Load<V, N>(byte* source, int count)
        where V : unmanaged, ILanes<V>
        where N : INumber
    {
        var padded = stackalloc byte[Bytes];
        Unsafe.InitBlockUnaligned(padded, 0, Bytes);
        Unsafe.CopyBlockUnaligned(padded, source, (uint)(count * N.Size));
        return N.Load<V>(padded);
    }

    /// <summary>The first <paramref name="count"/> lanes, <paramref name="other"/> in those beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Keep<V>(V value, int count, float other = 0)
        where V : unmanaged, ILanes<V> => V.Where(V.Indices, V.Create(count), value, V.Create(other));

    /// <summary>Stores a whole vector, or its first <paramref name="count"/> lanes where there are fewer left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreUpTo<V>(V value, float* target, int count)
        where V : unmanaged, ILanes<V>
    {
        if (count >= V.Count)
        {
            V.Store(value, target);
        }
        else
        {
            Store(value, target, count);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Store<V>(V value, float* target, int count)
        where V : unmanaged, ILanes<V>
    {
        var padded = stackalloc byte[Bytes];
        V.Store(value, (float*)padded);
        Unsafe.CopyBlockUnaligned(target, padded, (uint)(count * sizeof(float)));
    }
}
