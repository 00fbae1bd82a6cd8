using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels.Tests;

/// <summary>The class runs on the first CUDA device.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsCudaAttribute : NeedsAttribute
{
    private static readonly Lazy<bool> Found = new(() => IlgpuDevices.ListCuda() is [{ Refused: null }, ..]);

    public override string? Missing => Found.Value ? null : "no CUDA device is here";
}

public sealed class Cuda : RuntimeFixture
{
    protected override IlgpuRuntime Open()
    {
        DriverLibraries.Resolve();
        var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).Cuda());
        return new IlgpuRuntime(context, context.GetCudaDevice(0).CreateCudaAccelerator(context), "CUDA", "CUDA", capacity: long.MaxValue);
    }
}

/// <summary>The plain kernels, which keep float32; the fast ones round rows to BF16 and have a test of their own.</summary>
[NeedsCuda]
public sealed class CudaTests(Cuda fixture) : DeviceContract, IClassFixture<Cuda>
{
    [DeviceFact]
    public void The_fast_kernels_agree_with_double_precision()
    {
        using var device = new IlgpuDevice(fixture.Runtime, ownsRuntime: false);
        Assert.True(device.FastKernels);
        Assert.Null(DeviceCheck.Difference(device));
    }

    protected override IDevice Create(int threads) => new IlgpuDevice(fixture.Runtime, ownsRuntime: false) { FastKernels = false };
}
