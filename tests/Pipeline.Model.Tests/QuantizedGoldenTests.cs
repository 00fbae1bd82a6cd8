using Pipeline.Kernels;
using Xunit.Abstractions;

namespace Pipeline.Model.Tests;

/// <summary>What quantized weights change in tiny models of random weights, beside what transformers computes with those stored.</summary>
public sealed class QuantizedGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string, Quantization, double> Cases => new()
    {
        { "scout-like", Quantization.Int8, 0.06 },
        { "maverick-like", Quantization.Int8, 0.06 },
        { "top2", Quantization.Int8, 0.06 },
        { "scout-like", Quantization.Int4, 0.5 },
        { "maverick-like", Quantization.Int4, 0.5 },
        { "top2", Quantization.Int4, 0.5 },
    };

    /// <param name="tolerance">Largest difference of a logit, as a share of the largest logit.</param>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_move_by_a_little(string name, Quantization quantization, double tolerance)
    {
        using var golden = Golden.Open(name, quantization);
        var difference = Difference(golden);
        output.WriteLine($"{name} {quantization}: {difference:P2}");
        Assert.InRange(difference, 1e-5, tolerance);
    }

    [Fact]
    public void The_double_precision_device_has_the_same_quantized_model()
    {
        using var expected = Golden.OpenOn("top2", _ => new ReferenceDevice(), Quantization.Int8);
        using var actual = Golden.Open("top2", Quantization.Int8);
        Assert.Equal(Difference(expected), Difference(actual), tolerance: 1e-4);
    }

    private static double Difference(Golden golden) =>
        GoldenComparison.Run(golden.Model, golden.Reference).Single(tensor => tensor.Name == "text.logits").Largest
            / golden.Reference.Find("text.logits")!.ReadFloats().Max(MathF.Abs);
}
