using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Elementary functions on vectors. NaN in, NaN out.</summary>
internal static class VectorMath
{
    /// <summary>
    /// e^x by 2^n * e^r with |r| at most ln(2)/2 and a polynomial for e^r; relative error below 2e-7. Saturates near the ends of
    /// the float32 range: below -87.3 at 1.2e-38, above 88.3 at 2.2e38.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x)
        where V : unmanaged, ILanes<V>
    {
        // Operand order matters: Min and Max give their second operand where one is NaN.
        x = V.Min(V.Create(88.3f), V.Max(V.Create(-87.3f), x));
        var n = V.Round(x * V.Create(1.44269504f));

        // ln(2) in two parts: the first has few bits, so that n times it is exact.
        var r = V.MultiplyAdd(n, V.Create(-0.693359375f), x);
        r = V.MultiplyAdd(n, V.Create(2.12194440e-4f), r);
        var p = V.Create(1.3888889e-3f);
        p = V.MultiplyAdd(p, r, V.Create(8.3333333e-3f));
        p = V.MultiplyAdd(p, r, V.Create(4.1666667e-2f));
        p = V.MultiplyAdd(p, r, V.Create(1.6666667e-1f));
        p = V.MultiplyAdd(p, r, V.Create(0.5f));
        p = V.MultiplyAdd(p, r, V.Create(1f));
        p = V.MultiplyAdd(p, r, V.Create(1f));
        return p * V.PowerOfTwo(n);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V x)
        where V : unmanaged, ILanes<V> => V.Create(1f) / (V.Create(1f) + Exp(V.Create(0f) - x));

    /// <summary>x * sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu<V>(V x)
        where V : unmanaged, ILanes<V> => x / (V.Create(1f) + Exp(V.Create(0f) - x));

    /// <summary>x * (1 + erf(x / sqrt(2))) / 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu<V>(V x)
        where V : unmanaged, ILanes<V> =>
        V.Create(0.5f) * x * (V.Create(1f) + Erf(x * V.Create(0.707106781f)));

    /// <summary>The error function; absolute error below 2e-7. Polynomials fitted by weighted least squares for this project.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<V>(V x)
        where V : unmanaged, ILanes<V>
    {
        var t = V.Abs(x);
        var s = x * x;

        // |x| < 1: erf(x) / x as a polynomial in x^2.
        var small = V.Create(7.853328e-5f);
        small = V.MultiplyAdd(small, s, V.Create(-8.0100266e-4f));
        small = V.MultiplyAdd(small, s, V.Create(5.1883079e-3f));
        small = V.MultiplyAdd(small, s, V.Create(-2.6853801e-2f));
        small = V.MultiplyAdd(small, s, V.Create(1.12835849e-1f));
        small = V.MultiplyAdd(small, s, V.Create(-3.76126258e-1f));
        small = V.MultiplyAdd(small, s, V.Create(1.12837917f));

        // From 1 on: 1 - e^-p(|x|); beyond 4 the result is 1 in float32.
        t = V.Min(V.Create(4f), t);
        var large = V.Create(-1.8447418e-4f);
        large = V.MultiplyAdd(large, t, V.Create(2.92886396e-3f));
        large = V.MultiplyAdd(large, t, V.Create(-2.17625904e-2f));
        large = V.MultiplyAdd(large, t, V.Create(1.0294874e-1f));
        large = V.MultiplyAdd(large, t, V.Create(6.38326888e-1f));
        large = V.MultiplyAdd(large, t, V.Create(1.12697967f));
        large = V.MultiplyAdd(large, t, V.Create(3.6844406e-4f));
        var tail = V.CopySign(V.Create(1f) - Exp(V.Create(0f) - large), x);
        return V.Where(t, V.Create(1f), small * x, tail);
    }
}
