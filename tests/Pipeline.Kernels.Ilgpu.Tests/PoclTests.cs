using ILGPU;
using ILGPU.Runtime.OpenCL;

namespace Pipeline.Kernels.Tests;

/// <summary>The class runs on PoCL, OpenCL by the processor.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsPoclAttribute : NeedsAttribute
{
    private static readonly Lazy<bool> Found = new(() => IlgpuDevices.ListOpenCl().Any(device => device.Driver.StartsWith(Pocl.Platform, StringComparison.Ordinal)));

    public override string? Missing => Found.Value ? null : "no PoCL is installed";
}

public sealed class Pocl : RuntimeFixture
{
    public const string Platform = "Portable Computing Language";

    protected override IlgpuRuntime Open()
    {
        DriverLibraries.Resolve();
        var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).OpenCL(Accept));
        return new IlgpuRuntime(context, context.GetCLDevice(0).CreateAccelerator(context), "PoCL", "PoCL", capacity: long.MaxValue);
    }

    /// <summary>
    /// PoCL before 5 claims no generic address space, and so is refused outside tests; plain kernels need none, and run.
    /// </summary>
    private static bool Accept(CLDevice device)
    {
        typeof(CLCapabilityContext).GetProperty(nameof(CLCapabilityContext.GenericAddressSpace))!.SetValue(device.Capabilities, true);
        return device.PlatformName == Platform;
    }
}

[NeedsPocl]
public sealed class PoclTests(Pocl fixture) : IlgpuContract(fixture), IClassFixture<Pocl>;
