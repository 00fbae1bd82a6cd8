using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Kernels;

/// <summary>How many rows a kernel takes together; a constant of its machine code.</summary>
internal interface IRowCount
{
    static abstract int Value { get; }
}

internal readonly struct OneRow : IRowCount
{
    public static int Value => 1;
}

internal readonly struct FourRows : IRowCount
{
    public static int Value => 4;
}

/// <summary>
/// <see cref="DotKernel"/> for quantized rows, whole: the same sums in the same order, so that a panel of widened numbers gives the same
/// bits. One row, which is what an expert has in decoding, takes no more multiply-adds than it needs: numbers of few bits leave no time for more.
/// </summary>
internal static unsafe class QuantizedKernel
{
    /// <summary>Outputs that are taken together.</summary>
    public const int Outputs = DotKernel.Outputs;

    private const int CacheLine = 64;

    /// <param name="x">The rows; one or four.</param>
    /// <param name="w">The first output's quantized row; the others follow.</param>
    /// <param name="rows">How they lie.</param>
    /// <param name="sums">[rows, 4] sums, rows <paramref name="sumStride"/> floats apart.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<V, Q, R>(in Rows4 x, byte* w, QuantizedRows rows, float* sums, int sumStride)
        where V : unmanaged, ILanes<V>
        where Q : IQuantizedNumber
        where R : IRowCount
    {
        V a00, a01, a02, a03, a10, a11, a12, a13, a20, a21, a22, a23, a30, a31, a32, a33;
        a00 = a01 = a02 = a03 = a10 = a11 = a12 = a13 = a20 = a21 = a22 = a23 = a30 = a31 = a32 = a33 = V.Create(0);
        float* x0 = x.Row0, x1 = x.Row1, x2 = x.Row2, x3 = x.Row3;
        nint stride = rows.RowBytes, scales = rows.ScaleOffset, blocks = rows.Blocks;
        byte* w0 = w, w1 = w + stride, w2 = w1 + stride, w3 = w2 + stride;

        // The rows that are likely to come next.
        var next = Outputs * stride;
        for (var i = scales; i < stride; i += CacheLine)
        {
            Memory.Prefetch(w0 + next + i);
            Memory.Prefetch(w1 + next + i);
            Memory.Prefetch(w2 + next + i);
            Memory.Prefetch(w3 + next + i);
        }

        for (nint block = 0; block < blocks; block++)
        {
            var at = block * Q.BlockBytes;
            Memory.Prefetch(w0 + next + at);
            Memory.Prefetch(w1 + next + at);
            Memory.Prefetch(w2 + next + at);
            Memory.Prefetch(w3 + next + at);
            var s0 = QuantizedNumbers.Scale<V>(w0 + scales, block);
            var s1 = QuantizedNumbers.Scale<V>(w1 + scales, block);
            var s2 = QuantizedNumbers.Scale<V>(w2 + scales, block);
            var s3 = QuantizedNumbers.Scale<V>(w3 + scales, block);
            V p0 = Q.Prepare(s0), p1 = Q.Prepare(s1), p2 = Q.Prepare(s2), p3 = Q.Prepare(s3);
            for (var i = 0; i < QuantizedBlock.Size; i += V.Count)
            {
                var u0 = Q.Load(w0 + at, i, s0, p0);
                var u1 = Q.Load(w1 + at, i, s1, p1);
                var u2 = Q.Load(w2 + at, i, s2, p2);
                var u3 = Q.Load(w3 + at, i, s3, p3);
                var k = (block * QuantizedBlock.Size) + i;
                var v = V.Load(x0 + k);
                a00 = V.MultiplyAdd(v, u0, a00);
                a01 = V.MultiplyAdd(v, u1, a01);
                a02 = V.MultiplyAdd(v, u2, a02);
                a03 = V.MultiplyAdd(v, u3, a03);
                if (R.Value > 1)
                {
                    v = V.Load(x1 + k);
                    a10 = V.MultiplyAdd(v, u0, a10);
                    a11 = V.MultiplyAdd(v, u1, a11);
                    a12 = V.MultiplyAdd(v, u2, a12);
                    a13 = V.MultiplyAdd(v, u3, a13);
                    v = V.Load(x2 + k);
                    a20 = V.MultiplyAdd(v, u0, a20);
                    a21 = V.MultiplyAdd(v, u1, a21);
                    a22 = V.MultiplyAdd(v, u2, a22);
                    a23 = V.MultiplyAdd(v, u3, a23);
                    v = V.Load(x3 + k);
                    a30 = V.MultiplyAdd(v, u0, a30);
                    a31 = V.MultiplyAdd(v, u1, a31);
                    a32 = V.MultiplyAdd(v, u2, a32);
                    a33 = V.MultiplyAdd(v, u3, a33);
                }
            }
        }

        V.SumEach(a00, a01, a02, a03).Store(sums);
        if (R.Value > 1)
        {
            V.SumEach(a10, a11, a12, a13).Store(sums + sumStride);
            V.SumEach(a20, a21, a22, a23).Store(sums + (2 * sumStride));
            V.SumEach(a30, a31, a32, a33).Store(sums + (3 * sumStride));
        }
    }
}

/// <summary>A tile of few rows: blocks of one or four rows by four outputs, read in place.</summary>
/// <param name="tile">Rows and outputs.</param>
/// <param name="weights">The first output's quantized row.</param>
/// <param name="rows">How these lie.</param>
internal readonly unsafe struct QuantizedDotBlocks<V>(ProductTile tile, byte* weights, QuantizedRows rows) : IQuantizedWork
    where V : unmanaged, ILanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<Q>()
        where Q : IQuantizedNumber
    {
        for (var r = 0; r < tile.Rows; r += FourRows.Value)
        {
            var x = tile.Input(r, k: 0);
            for (var o = 0; o < tile.Outputs; o += QuantizedKernel.Outputs)
            {
                var stored = weights + ((long)o * rows.RowBytes);
                if (tile.Rows - r == 1)
                {
                    QuantizedKernel.Run<V, Q, OneRow>(x, stored, rows, tile.Sums(r, o), ProductKernel.TileOutputs);
                }
                else
                {
                    QuantizedKernel.Run<V, Q, FourRows>(x, stored, rows, tile.Sums(r, o), ProductKernel.TileOutputs);
                }
            }
        }
    }
}
