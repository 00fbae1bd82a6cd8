namespace Pipeline.Kernels.Tests;

[NeedsPath(InstructionPath.Avx512)]
public sealed class VectorMathAvx512Tests : VectorMathContract
{
    protected override InstructionPath Path => InstructionPath.Avx512;
}

[NeedsPath(InstructionPath.Avx2)]
public sealed class VectorMathAvx2Tests : VectorMathContract
{
    protected override InstructionPath Path => InstructionPath.Avx2;
}

[NeedsPath(InstructionPath.Plain)]
public sealed class VectorMathPlainTests : VectorMathContract
{
    protected override InstructionPath Path => InstructionPath.Plain;
}

/// <summary>Elementary functions against double precision, on one width of vectors.</summary>
public abstract unsafe class VectorMathContract
{
    protected abstract InstructionPath Path { get; }

    private Functions Vectors => Path switch
    {
        InstructionPath.Avx512 => On<Lanes512>(),
        InstructionPath.Avx2 => On<Lanes256>(),
        _ => On<Lanes128>(),
    };

    [DeviceFact]
    public void Exp_is_accurate_over_its_whole_range() =>
        Compare(-87, 88, Vectors.Exp, Math.Exp, relative: 2.5e-7, absolute: 0);

    [DeviceFact]
    public void Sigmoid_is_accurate() =>
        Compare(-80, 80, Vectors.Sigmoid, x => 1 / (1 + Math.Exp(-x)), relative: 5e-7, absolute: 0);

    [DeviceFact]
    public void Silu_is_accurate() =>
        Compare(-80, 80, Vectors.Silu, x => x / (1 + Math.Exp(-x)), relative: 5e-7, absolute: 0);

    [DeviceFact]
    public void Erf_is_accurate_to_float32() =>
        Compare(-5, 5, Vectors.Erf, ReferenceDevice.Erf, relative: 0, absolute: 2e-7);

    [DeviceFact]
    public void Gelu_is_the_exact_one() =>
        Compare(-12, 12, Vectors.Gelu, x => x * (1 + ReferenceDevice.Erf(x / Math.Sqrt(2))) / 2, relative: 3e-7, absolute: 6e-7);

    [DeviceFact]
    public void Ends_of_the_range_saturate_and_NaN_stays()
    {
        var functions = Vectors;
        Assert.Equal(0, functions.Exp(float.NegativeInfinity), 1e-37f);
        Assert.InRange(functions.Exp(float.PositiveInfinity), 2e38f, float.MaxValue);
        Assert.Equal(1, functions.Exp(0));
        Assert.Equal(-1, functions.Erf(float.NegativeInfinity));
        Assert.Equal(1, functions.Erf(float.PositiveInfinity));
        Assert.True(float.IsNaN(functions.Exp(float.NaN)));
        Assert.True(float.IsNaN(functions.Silu(float.NaN)));
        Assert.True(float.IsNaN(functions.Gelu(float.NaN)));
    }

    private static void Compare(
        float first, float last, Func<float, float> function, Func<double, double> exact, double relative, double absolute)
    {
        const int steps = 20_000;
        for (var i = 0; i <= steps; i++)
        {
            var x = first + ((last - first) * i / steps);
            var (expected, actual) = (exact(x), function(x));
            Assert.True(
                Math.Abs(actual - expected) <= (relative * Math.Abs(expected)) + absolute, $"at {x:R}: {actual:R}, expected {expected:R}");
        }
    }

    private static Functions On<V>()
        where V : unmanaged, ILanes<V> => new(
            x => Last(VectorMath.Exp(V.Create(x))),
            x => Last(VectorMath.Sigmoid(V.Create(x))),
            x => Last(VectorMath.Silu(V.Create(x))),
            x => Last(VectorMath.Erf(V.Create(x))),
            x => Last(VectorMath.Gelu(V.Create(x))));

    private static float Last<V>(V value)
        where V : unmanaged, ILanes<V>
    {
        var lanes = stackalloc float[V.Count];
        V.Store(value, lanes);
        return lanes[V.Count - 1];
    }

    private sealed record Functions(
        Func<float, float> Exp, Func<float, float> Sigmoid, Func<float, float> Silu, Func<float, float> Erf, Func<float, float> Gelu);
}
