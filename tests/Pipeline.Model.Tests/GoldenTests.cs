using Pipeline.Kernels;
using Xunit.Abstractions;

namespace Pipeline.Model.Tests;

public sealed class GoldenTests(ITestOutputHelper output)
{
    [Theory]
    [MemberData(nameof(Golden.Names), MemberType = typeof(Golden))]
    public void Every_tensor_is_as_the_reference_has_it(string name)
    {
        foreach (var path in Enum.GetValues<InstructionPath>().Where(path => path.IsSupported()))
        {
            using var golden = Golden.OpenOn(name, team => new PortableDevice(team, path));
            Compare(golden);
        }
    }

    [Fact]
    public void The_double_precision_device_computes_the_same_model()
    {
        using var golden = Golden.OpenOn("top2", _ => new ReferenceDevice());
        Compare(golden);
    }

    private void Compare(Golden golden)
    {
        var differences = GoldenComparison.Run(golden.Model, golden.Reference);

        output.WriteLine(golden.Model.Device.Description);
        foreach (var (tensor, largest) in differences)
        {
            output.WriteLine($"{tensor,-24} {largest:E2}");
        }

        // All but the three inputs. Float32 against float32 in another order of summation: 2.9e-6 is the largest seen.
        Assert.Equal(golden.Reference.All.Count - 3, differences.Count);
        Assert.All(differences, difference => Assert.InRange(difference.Largest, 0, 5e-5));
    }
}
