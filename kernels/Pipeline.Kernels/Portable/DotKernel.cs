using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Kernels;

/// <summary>
/// Dot products of 4 rows with 4 outputs whose inputs lie side by side. Each of the 16 sums has one accumulator vector that
/// takes the inputs in ascending order, whatever stands beside it: absent rows and outputs repeat a present one.
/// </summary>
internal static unsafe class DotKernel
{
    public const int Rows = 4;
    public const int Outputs = 4;

    /// <summary>Floats of the 16 accumulators.</summary>
    public static int CarrySize<V>()
        where V : unmanaged, ILanes<V> => Rows * Outputs * V.Count;

    /// <summary>One block of <paramref name="length"/> inputs, a multiple of the lanes.</summary>
    /// <param name="x">The four rows.</param>
    /// <param name="w">The first output's weights; the next begin <paramref name="wStride"/> bytes later each.</param>
    /// <param name="wStride">Bytes from output to output.</param>
    /// <param name="length">Inputs.</param>
    /// <param name="carry">Accumulators between the panels of a longer product, <see cref="CarrySize{V}"/> floats.</param>
    /// <param name="first">Whether the sums start here, or go on from <paramref name="carry"/>.</param>
    /// <param name="last">Whether they end here and go to <paramref name="sums"/>, or are left in <paramref name="carry"/>.</param>
    /// <param name="sums">[4, 4] sums, rows <paramref name="sumStride"/> floats apart.</param>
    /// <param name="sumStride">Floats from row to row of the sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<V, N>(
        in Rows4 x, byte* w, nint wStride, int length, float* carry, bool first, bool last, float* sums, int sumStride)
        where V : unmanaged, ILanes<V>
        where N : INumber
    {
        V a00, a01, a02, a03, a10, a11, a12, a13, a20, a21, a22, a23, a30, a31, a32, a33;
        if (first)
        {
            a00 = a01 = a02 = a03 = a10 = a11 = a12 = a13 = a20 = a21 = a22 = a23 = a30 = a31 = a32 = a33 = V.Create(0);
        }
        else
        {
            a00 = V.Load(carry);
            a01 = V.Load(carry + (1 * V.Count));
            a02 = V.Load(carry + (2 * V.Count));
            a03 = V.Load(carry + (3 * V.Count));
            a10 = V.Load(carry + (4 * V.Count));
            a11 = V.Load(carry + (5 * V.Count));
            a12 = V.Load(carry + (6 * V.Count));
            a13 = V.Load(carry + (7 * V.Count));
            a20 = V.Load(carry + (8 * V.Count));
            a21 = V.Load(carry + (9 * V.Count));
            a22 = V.Load(carry + (10 * V.Count));
            a23 = V.Load(carry + (11 * V.Count));
            a30 = V.Load(carry + (12 * V.Count));
            a31 = V.Load(carry + (13 * V.Count));
            a32 = V.Load(carry + (14 * V.Count));
            a33 = V.Load(carry + (15 * V.Count));
        }

        float* x0 = x.Row0, x1 = x.Row1, x2 = x.Row2, x3 = x.Row3;
        byte* w0 = w, w1 = w + wStride, w2 = w1 + wStride, w3 = w2 + wStride;
        var next = Outputs * wStride;
        for (nint i = 0; i < length; i += V.Count)
        {
            // The block that is likely to come next.
            N.Prefetch(w0 + next + (i * N.Size));
            N.Prefetch(w1 + next + (i * N.Size));
            N.Prefetch(w2 + next + (i * N.Size));
            N.Prefetch(w3 + next + (i * N.Size));
            var u0 = N.Load<V>(w0 + (i * N.Size));
            var u1 = N.Load<V>(w1 + (i * N.Size));
            var u2 = N.Load<V>(w2 + (i * N.Size));
            var u3 = N.Load<V>(w3 + (i * N.Size));
            var v = V.Load(x0 + i);
            a00 = V.MultiplyAdd(v, u0, a00);
            a01 = V.MultiplyAdd(v, u1, a01);
            a02 = V.MultiplyAdd(v, u2, a02);
            a03 = V.MultiplyAdd(v, u3, a03);
            v = V.Load(x1 + i);
            a10 = V.MultiplyAdd(v, u0, a10);
            a11 = V.MultiplyAdd(v, u1, a11);
            a12 = V.MultiplyAdd(v, u2, a12);
            a13 = V.MultiplyAdd(v, u3, a13);
            v = V.Load(x2 + i);
            a20 = V.MultiplyAdd(v, u0, a20);
            a21 = V.MultiplyAdd(v, u1, a21);
            a22 = V.MultiplyAdd(v, u2, a22);
            a23 = V.MultiplyAdd(v, u3, a23);
            v = V.Load(x3 + i);
            a30 = V.MultiplyAdd(v, u0, a30);
            a31 = V.MultiplyAdd(v, u1, a31);
            a32 = V.MultiplyAdd(v, u2, a32);
            a33 = V.MultiplyAdd(v, u3, a33);
        }

        if (last)
        {
            V.SumEach(a00, a01, a02, a03).Store(sums);
            V.SumEach(a10, a11, a12, a13).Store(sums + sumStride);
            V.SumEach(a20, a21, a22, a23).Store(sums + (2 * sumStride));
            V.SumEach(a30, a31, a32, a33).Store(sums + (3 * sumStride));
        }
        else
        {
            V.Store(a00, carry);
            V.Store(a01, carry + (1 * V.Count));
            V.Store(a02, carry + (2 * V.Count));
            V.Store(a03, carry + (3 * V.Count));
            V.Store(a10, carry + (4 * V.Count));
            V.Store(a11, carry + (5 * V.Count));
            V.Store(a12, carry + (6 * V.Count));
            V.Store(a13, carry + (7 * V.Count));
            V.Store(a20, carry + (8 * V.Count));
            V.Store(a21, carry + (9 * V.Count));
            V.Store(a22, carry + (10 * V.Count));
            V.Store(a23, carry + (11 * V.Count));
            V.Store(a30, carry + (12 * V.Count));
            V.Store(a31, carry + (13 * V.Count));
            V.Store(a32, carry + (14 * V.Count));
            V.Store(a33, carry + (15 * V.Count));
        }
    }
}
