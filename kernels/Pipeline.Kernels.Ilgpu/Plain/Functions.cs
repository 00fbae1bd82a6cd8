using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Elementary functions of kernels, by the polynomials of <see cref="VectorMath"/>, so that no device's approximations enter.
/// NaN in, NaN out.
/// </summary>
internal static class Functions
{
    /// <summary>e^x; relative error below 2e-7, saturating near the ends of the float32 range.</summary>
    public static float Exp(float x)
    {
        // Comparisons leave NaN as it is.
        x = x > 88.3f ? 88.3f : x;
        x = x < -87.3f ? -87.3f : x;
        var turns = x * 1.44269504f;
        var n = (int)(turns < 0 ? turns - 0.5f : turns + 0.5f);
        var r = x + (n * -0.693359375f);
        r += n * 2.12194440e-4f;
        var p = 1.3888889e-3f;
        p = (p * r) + 8.3333333e-3f;
        p = (p * r) + 4.1666667e-2f;
        p = (p * r) + 1.6666667e-1f;
        p = (p * r) + 0.5f;
        p = (p * r) + 1f;
        p = (p * r) + 1f;
        return p * Interop.IntAsFloat((uint)(n + 127) << 23);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static float Sigmoid(float x) => 1f / (1f + Exp(-x));

    /// <summary>x * sigmoid(x).</summary>
    public static float Silu(float x) => x / (1f + Exp(-x));

    /// <summary>x * (1 + erf(x / sqrt(2))) / 2.</summary>
    public static float Gelu(float x) => 0.5f * x * (1f + Erf(x * 0.707106781f));

    private static float Erf(float x)
    {
        var t = x < 0 ? -x : x;
        if (t < 1f)
        {
            var s = x * x;
            var small = 7.853328e-5f;
            small = (small * s) - 8.0100266e-4f;
            small = (small * s) + 5.1883079e-3f;
            small = (small * s) - 2.6853801e-2f;
            small = (small * s) + 1.12835849e-1f;
            small = (small * s) - 3.76126258e-1f;
            small = (small * s) + 1.12837917f;
            return small * x;
        }

        t = t > 4f ? 4f : t;
        var large = -1.8447418e-4f;
        large = (large * t) + 2.92886396e-3f;
        large = (large * t) - 2.17625904e-2f;
        large = (large * t) + 1.0294874e-1f;
        large = (large * t) + 6.38326888e-1f;
        large = (large * t) + 1.12697967f;
        large = (large * t) + 3.6844406e-4f;
        var tail = 1f - Exp(-large);
        return x < 0 ? -tail : tail;
    }
}
