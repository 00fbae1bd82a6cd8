using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>
/// Sums of 4 rows for 4 vectors of outputs that lie side by side: each output is one lane and takes the inputs in ascending
/// order. Also both sides of attention: scores of queries with keys, and values weighed by their probabilities.
/// </summary>
internal static unsafe class OuterKernel
{
    /// <summary>Inputs between a weight's prefetch and its use: rows of a file lie too far apart for the processor's own prefetcher.</summary>
    private const int Ahead = 24;

    public const int Rows = 4;

    /// <summary>Outputs of a block.</summary>
    public static int Outputs<V>()
        where V : unmanaged, ILanes<V> => 4 * V.Count;

    /// <summary>One block of <paramref name="length"/> inputs.</summary>
    /// <param name="x">The four rows of factors.</param>
    /// <param name="w">The first input's weights; the next begin <paramref name="wStride"/> bytes later each.</param>
    /// <param name="wStride">Bytes from input to input.</param>
    /// <param name="length">Inputs.</param>
    /// <param name="first">Whether the sums start at zero, or go on from <paramref name="sums"/>.</param>
    /// <param name="sums">[4, <see cref="Outputs{V}"/>] sums, rows <paramref name="sumStride"/> floats apart.</param>
    /// <param name="sumStride">Floats from row to row of the sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<V, N>(in Rows4 x, byte* w, nint wStride, int length, bool first, float* sums, int sumStride)
        where V : unmanaged, ILanes<V>
        where N : INumber
    {
        V a00, a01, a02, a03, a10, a11, a12, a13, a20, a21, a22, a23, a30, a31, a32, a33;
        float* s0 = sums, s1 = s0 + sumStride, s2 = s1 + sumStride, s3 = s2 + sumStride;
        if (first)
        {
            a00 = a01 = a02 = a03 = a10 = a11 = a12 = a13 = a20 = a21 = a22 = a23 = a30 = a31 = a32 = a33 = V.Create(0);
        }
        else
        {
            a00 = V.Load(s0);
            a01 = V.Load(s0 + V.Count);
            a02 = V.Load(s0 + (2 * V.Count));
            a03 = V.Load(s0 + (3 * V.Count));
            a10 = V.Load(s1);
            a11 = V.Load(s1 + V.Count);
            a12 = V.Load(s1 + (2 * V.Count));
            a13 = V.Load(s1 + (3 * V.Count));
            a20 = V.Load(s2);
            a21 = V.Load(s2 + V.Count);
            a22 = V.Load(s2 + (2 * V.Count));
            a23 = V.Load(s2 + (3 * V.Count));
            a30 = V.Load(s3);
            a31 = V.Load(s3 + V.Count);
            a32 = V.Load(s3 + (2 * V.Count));
            a33 = V.Load(s3 + (3 * V.Count));
        }

        float* x0 = x.Row0, x1 = x.Row1, x2 = x.Row2, x3 = x.Row3;
        for (nint i = 0; i < length; i++, w += wStride)
        {
            N.Prefetch(w + (Ahead * wStride));
            N.Prefetch(w + (Ahead * wStride) + (4 * V.Count * N.Size) - 1);
            var u0 = N.Load<V>(w);
            var u1 = N.Load<V>(w + (V.Count * N.Size));
            var u2 = N.Load<V>(w + (2 * V.Count * N.Size));
            var u3 = N.Load<V>(w + (3 * V.Count * N.Size));
            var v = V.Create(x0[i]);
            a00 = V.MultiplyAdd(v, u0, a00);
            a01 = V.MultiplyAdd(v, u1, a01);
            a02 = V.MultiplyAdd(v, u2, a02);
            a03 = V.MultiplyAdd(v, u3, a03);
            v = V.Create(x1[i]);
            a10 = V.MultiplyAdd(v, u0, a10);
            a11 = V.MultiplyAdd(v, u1, a11);
            a12 = V.MultiplyAdd(v, u2, a12);
            a13 = V.MultiplyAdd(v, u3, a13);
            v = V.Create(x2[i]);
            a20 = V.MultiplyAdd(v, u0, a20);
            a21 = V.MultiplyAdd(v, u1, a21);
            a22 = V.MultiplyAdd(v, u2, a22);
            a23 = V.MultiplyAdd(v, u3, a23);
            v = V.Create(x3[i]);
            a30 = V.MultiplyAdd(v, u0, a30);
            a31 = V.MultiplyAdd(v, u1, a31);
            a32 = V.MultiplyAdd(v, u2, a32);
            a33 = V.MultiplyAdd(v, u3, a33);
        }

        V.Store(a00, s0);
        V.Store(a01, s0 + V.Count);
        V.Store(a02, s0 + (2 * V.Count));
        V.Store(a03, s0 + (3 * V.Count));
        V.Store(a10, s1);
        V.Store(a11, s1 + V.Count);
        V.Store(a12, s1 + (2 * V.Count));
        V.Store(a13, s1 + (3 * V.Count));
        V.Store(a20, s2);
        V.Store(a21, s2 + V.Count);
        V.Store(a22, s2 + (2 * V.Count));
        V.Store(a23, s2 + (3 * V.Count));
        V.Store(a30, s3);
        V.Store(a31, s3 + V.Count);
        V.Store(a32, s3 + (2 * V.Count));
        V.Store(a33, s3 + (3 * V.Count));
    }
}
