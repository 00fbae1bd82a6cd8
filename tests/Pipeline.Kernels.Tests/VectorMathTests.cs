using Xunit.Sdk;

namespace Pipeline.Kernels.Tests;

/// <summary>Elementary functions against double precision, on each width of vectors.</summary>
public sealed unsafe class VectorMathTests
{
    public static TheoryData<InstructionPath> Paths => new(Enum.GetValues<InstructionPath>());

    [Theory]
    [MemberData(nameof(Paths))]
    public void Exp_is_accurate_over_its_whole_range(InstructionPath path) =>
        Compare(-87, 88, Of(path).Exp, Math.Exp, relative: 2.5e-7, absolute: 0);

    [Theory]
    [MemberData(nameof(Paths))]
    public void Sigmoid_is_accurate(InstructionPath path) =>
        Compare(-80, 80, Of(path).Sigmoid, x => 1 / (1 + Math.Exp(-x)), relative: 5e-7, absolute: 0);

    [Theory]
    [MemberData(nameof(Paths))]
    public void Silu_is_accurate(InstructionPath path) =>
        Compare(-80, 80, Of(path).Silu, x => x / (1 + Math.Exp(-x)), relative: 5e-7, absolute: 0);

    [Theory]
    [MemberData(nameof(Paths))]
    public void Erf_is_accurate_to_float32(InstructionPath path) =>
        Compare(-5, 5, Of(path).Erf, ReferenceDevice.Erf, relative: 0, absolute: 2e-7);

    [Theory]
    [MemberData(nameof(Paths))]
    public void Gelu_is_the_exact_one(InstructionPath path) =>
        Compare(-12, 12, Of(path).Gelu, x => x * (1 + ReferenceDevice.Erf(x / Math.Sqrt(2))) / 2, relative: 3e-7, absolute: 6e-7);

    [Theory]
    [MemberData(nameof(Paths))]
    public void Ends_of_the_range_saturate_and_NaN_stays(InstructionPath path)
    {
        var functions = Of(path);
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

    private static Functions Of(InstructionPath path) =>
        !path.IsSupported() ? throw SkipException.ForSkip($"this processor has no {path}")
        : path switch
        {
            InstructionPath.Avx512 => On<Lanes512>(),
            InstructionPath.Avx2 => On<Lanes256>(),
            _ => On<Lanes128>(),
        };

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
