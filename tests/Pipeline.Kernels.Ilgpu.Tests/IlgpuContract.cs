using ILGPU;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Pipeline.Kernels.Tests;

/// <summary>An accelerator that the cases of a class share, one after the other, as compiling its kernels takes longer than a case.</summary>
public abstract class RuntimeFixture : IDisposable
{
    private readonly Lazy<IlgpuRuntime> _runtime;

    protected RuntimeFixture() => _runtime = new Lazy<IlgpuRuntime>(Open);

    public IlgpuRuntime Runtime => _runtime.Value;

    public void Dispose()
    {
        if (_runtime.IsValueCreated)
        {
            _runtime.Value.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    protected abstract IlgpuRuntime Open();
}

/// <summary>The contract of a device on one accelerator. It has no threads of its own: what it launches is the same for any number.</summary>
public abstract class IlgpuContract(RuntimeFixture fixture) : DeviceContract
{
    protected override IDevice Create(int threads) => new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
}

public sealed class UnoptimizedSimulator : RuntimeFixture
{
    protected override IlgpuRuntime Open() => IlgpuRuntime.OpenSimulator(OptimizationLevel.O0);
}

public sealed class OptimizedSimulator : RuntimeFixture
{
    protected override IlgpuRuntime Open() => IlgpuRuntime.OpenSimulator(OptimizationLevel.O2);
}

public sealed class UnoptimizedSimulatorTests(UnoptimizedSimulator fixture) : IlgpuContract(fixture), IClassFixture<UnoptimizedSimulator>;

public sealed class OptimizedSimulatorTests(OptimizedSimulator fixture) : IlgpuContract(fixture), IClassFixture<OptimizedSimulator>;
