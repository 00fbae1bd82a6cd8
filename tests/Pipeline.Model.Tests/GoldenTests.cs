using Xunit.Abstractions;

namespace Pipeline.Model.Tests;

public sealed class GoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => Golden.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_tensor_is_as_the_reference_has_it(string name)
    {
        using var golden = Golden.Open(name);

        var differences = GoldenComparison.Run(golden.Model, golden.Reference);

        foreach (var (tensor, largest) in differences)
        {
            output.WriteLine($"{tensor,-24} {largest:E2}");
        }

        Assert.Equal(golden.Reference.All.Count - 3, differences.Count);
        // Float32 against float32 in another order of summation: 2.4e-6 is the largest seen.
        Assert.All(differences, difference => Assert.InRange(difference.Largest, 0, 5e-5));
    }
}
