using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>A quantized format that kernels are specialised on.</summary>
internal unsafe interface IQuantizedNumber
{
    /// <summary>Bytes of a block's whole numbers.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>What a kernel makes of a scale once a block.</summary>
    static abstract V Prepare<V>(V scale)
        where V : unmanaged, ILanes<V>;

    /// <summary>Numbers of a block from one on, a multiple of the lanes; exact.</summary>
    static abstract V Load<V>(byte* block, int index, V scale, V prepared)
        where V : unmanaged, ILanes<V>;
}

internal readonly unsafe struct Int8Number : IQuantizedNumber
{
    public static int BlockBytes => QuantizedBlock.Size;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Prepare<V>(V scale)
        where V : unmanaged, ILanes<V> => scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* block, int index, V scale, V prepared)
        where V : unmanaged, ILanes<V> => V.LoadInt8(block + index) * scale;
}

internal readonly unsafe struct Int4Number : IQuantizedNumber
{
    private const int Half = QuantizedBlock.Size / 2;

    public static int BlockBytes => Half;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Prepare<V>(V scale)
        where V : unmanaged, ILanes<V> => V.PrepareInt4(scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* block, int index, V scale, V prepared)
        where V : unmanaged, ILanes<V> => V.LoadInt4(block + (index & (Half - 1)), (index & Half) >> 2, scale, prepared);
}

/// <summary>Work that is written once for all quantized formats.</summary>
internal interface IQuantizedWork
{
    void Run<Q>()
        where Q : IQuantizedNumber;
}

internal static unsafe class QuantizedNumbers
{
    public static void Run<TWork>(Quantization quantization, in TWork work)
        where TWork : struct, IQuantizedWork
    {
        if (quantization == Quantization.Int8)
        {
            work.Run<Int8Number>();
        }
        else
        {
            work.Run<Int4Number>();
        }
    }

    /// <summary>A scale on all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<V>(byte* scales, nint block)
        where V : unmanaged, ILanes<V> => V.Create(BitConverter.UInt32BitsToSingle((uint)((ushort*)scales)[block] << 16));
}

/// <summary>Widens a range of quantized rows to float32, whole blocks: what <see cref="WeightPanel{V}"/> is for other formats.</summary>
/// <param name="first">The first row.</param>
/// <param name="rows">How rows lie.</param>
/// <param name="k">The first input, at the start of a block.</param>
/// <param name="length">Inputs, whole blocks.</param>
/// <param name="outputs">Rows.</param>
/// <param name="panel">Where they go.</param>
/// <param name="panelStride">Floats from row to row there.</param>
internal readonly unsafe struct QuantizedPanel<V>(byte* first, QuantizedRows rows, int k, int length, int outputs, float* panel, int panelStride)
    : IQuantizedWork
    where V : unmanaged, ILanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<Q>()
        where Q : IQuantizedNumber
    {
        var (from, to) = ((nint)first, (nint)panel);
        var firstBlock = k / QuantizedBlock.Size;
        for (var row = 0; row < outputs; row++, from += rows.RowBytes, to += panelStride * sizeof(float))
        {
            var scales = (byte*)from + rows.ScaleOffset;
            for (var block = 0; block < length / QuantizedBlock.Size; block++)
            {
                var scale = QuantizedNumbers.Scale<V>(scales, firstBlock + block);
                var prepared = Q.Prepare(scale);
                var codes = (byte*)from + ((firstBlock + block) * Q.BlockBytes);
                Memory.Prefetch(codes + rows.RowBytes);
                for (var i = 0; i < QuantizedBlock.Size; i += V.Count)
                {
                    V.Store(Q.Load(codes, i, scale, prepared), (float*)to + (block * QuantizedBlock.Size) + i);
                }
            }
        }
    }
}
