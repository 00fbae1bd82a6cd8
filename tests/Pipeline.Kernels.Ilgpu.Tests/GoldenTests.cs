using Pipeline.Checkpoints;
using Pipeline.Model;

namespace Pipeline.Kernels.Tests;

/// <summary>Whole tiny models, vision and text, against what transformers computes.</summary>
public abstract class IlgpuGoldens(RuntimeFixture fixture)
{
    private const double Tolerance = 1e-3;

    public static TheoryData<string> Names => ["scout-like", "maverick-like", "top2"];

    [DeviceTheory]
    [MemberData(nameof(Names))]
    public void Every_tensor_is_as_the_reference_has_it(string name)
    {
        var folder = Path.Combine(SharedData.Root, "tests/data/goldens", name);
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        using var checkpoint = Checkpoint.Open(folder);
        using var reference = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        var differences = GoldenComparison.Run(new Llama4Model(device, checkpoint), reference);
        Assert.NotEmpty(differences);
        Assert.All(differences, difference => Assert.InRange(difference.Largest, 0, Tolerance));
    }
}

public sealed class SimulatorGoldens(OptimizedSimulator fixture) : IlgpuGoldens(fixture), IClassFixture<OptimizedSimulator>;

/// <summary>With the fast kernels: the goldens' weights are float32, which tensor cores do not read, so the budget is the same.</summary>
[NeedsCuda]
public sealed class CudaGoldens(Cuda fixture) : IlgpuGoldens(fixture), IClassFixture<Cuda>;

[NeedsPocl]
public sealed class PoclGoldens(Pocl fixture) : IlgpuGoldens(fixture), IClassFixture<Pocl>;
