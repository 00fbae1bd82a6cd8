using System.Globalization;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Pipeline.Kernels;

/// <summary>An accelerator of this machine.</summary>
/// <param name="Name">How settings name it: <c>cuda:0</c>, <c>opencl:0</c>.</param>
/// <param name="Words">What its driver calls it.</param>
/// <param name="MemoryBytes">Memory in all.</param>
/// <param name="Driver">Driver and what it speaks.</param>
/// <param name="Refused">Why it cannot be used, or null.</param>
public sealed record AcceleratorInfo(string Name, string Words, long MemoryBytes, string Driver, string? Refused);

/// <summary>Finds and opens what ILGPU can drive.</summary>
public static class IlgpuDevices
{
    public const string Simulator = "simulator";

    /// <summary>Memory that is left to the driver, for kernels, stacks and the page tables of what we allocate.</summary>
    private const long DriverBytes = 256 << 20;

    private const string Cuda = "cuda";
    private const string OpenCl = "opencl";

    /// <summary>Whether a name is one of a device that may be there: <c>cuda:N</c>, <c>opencl:N</c> or <c>simulator</c>.</summary>
    public static bool IsName(string name) => name == Simulator || Parse(name) is not null;

    /// <summary>Every accelerator of this machine, CUDA first; asks the drivers, opens nothing.</summary>
    public static IReadOnlyList<AcceleratorInfo> List() => [.. ListCuda(), .. ListOpenCl()];

    /// <summary>CUDA devices; on a machine without an NVIDIA driver this looks at one file.</summary>
    public static IReadOnlyList<AcceleratorInfo> ListCuda() => DriverLibraries.MayHaveCuda() ? AskCuda() : [];

    public static IReadOnlyList<AcceleratorInfo> ListOpenCl()
    {
        DriverLibraries.Resolve();
        return [.. CLDevice.GetDevices(_ => true).Cast<CLDevice>().Select(Describe)];
    }

    /// <summary>Opens a device on the calling thread, which is its owner from then on; compiles its kernels.</summary>
    /// <param name="name">As <see cref="List"/> has it, or <see cref="Simulator"/>.</param>
    /// <param name="graphs">Kinds of decode steps that are kept as graphs; 0 keeps none.</param>
    /// <exception cref="PipelineException">There is no such device, or it cannot be used; names it and says why.</exception>
    public static IlgpuDevice Open(string name, int graphs)
    {
        if (name == Simulator)
        {
            return new IlgpuDevice(IlgpuRuntime.OpenSimulator());
        }

        var found = List();
        var info = found.FirstOrDefault(device => device.Name == name) ?? throw new PipelineException(
            "device.missing",
            $"device {name}: there is no such device on this machine",
            found.Count == 0 ? "this machine has none: check its driver, or take cpu" : $"devices here: {string.Join(", ", found.Select(device => device.Name))}");
        if (info.Refused is not null)
        {
            throw Refuse(info, info.Refused, inner: null);
        }

        try
        {
            var device = new IlgpuDevice(OpenRuntime(info));
            try
            {
                return WithGraphs(Checked(device, why => Refuse(info, why, inner: null)), graphs);
            }
            catch
            {
                device.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (failure is AcceleratorException or NotSupportedException or InternalCompilerException)
        {
            throw Refuse(info, failure.Message, failure);
        }
    }

    /// <summary>The device with its fast kernels, where they compute rightly on this very driver, else with its plain ones.</summary>
    private static IlgpuDevice Checked(IlgpuDevice device, Func<string, PipelineException> refuse)
    {
        if (device.FastKernels && device.Probe(DeviceCheck.Difference) is not null)
        {
            device.FastKernels = false;
        }

        return device.Probe(DeviceCheck.Difference) is { } difference ? throw refuse(difference) : device;
    }

    /// <summary>The device with graphs where its driver makes them and they compute what direct launches do; its description says if not.</summary>
    private static IlgpuDevice WithGraphs(IlgpuDevice device, int graphs)
    {
        if (graphs > 0)
        {
            device.UseGraphs(graphs);
        }

        return device;
    }

    private static IlgpuRuntime OpenRuntime(AcceleratorInfo info)
    {
        var (kind, index) = Parse(info.Name)!.Value;
        var context = Context.Create(builder =>
        {
            builder.Optimize(OptimizationLevel.O2);
            _ = kind == Cuda ? builder.Cuda(device => device.DeviceId == index) : builder.OpenCL(_ => true);
        });
        try
        {
            Device device = kind == Cuda ? context.GetCudaDevice(0) : context.GetCLDevice(index);
            var accelerator = device.CreateAccelerator(context);
            var (path, capacity) = accelerator is CudaAccelerator cuda
                ? ($"{Cuda} {cuda.Architecture}", cuda.GetFreeMemory())
                : ($"{OpenCl} {info.Words}, {info.Driver}", accelerator.MemorySize);
            return new IlgpuRuntime(context, accelerator, $"{info.Name}, {info.Words}", path, capacity - DriverBytes);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IReadOnlyList<AcceleratorInfo> AskCuda()
    {
        DriverLibraries.Resolve();
        return [.. CudaDevice.GetDevices(_ => true).Cast<CudaDevice>().Select(Describe)];
    }

    private static AcceleratorInfo Describe(CudaDevice device) => new(
        $"{Cuda}:{device.DeviceId}",
        device.Name,
        device.MemorySize,
        $"CUDA {device.DriverVersion.Major}.{device.DriverVersion.Minor}, {device.Architecture?.ToString() ?? "unknown architecture"}",
        device.Architecture is null || device.InstructionSet is null ? "ILGPU knows no instruction set that its driver takes" : null);

    private static AcceleratorInfo Describe(CLDevice device, int index) => new(
        $"{OpenCl}:{index}",
        device.Name,
        device.MemorySize,
        $"{device.PlatformName}, {device.CVersion}",
        device.CLStdVersion < CLBackend.MinimumVersion ? $"it speaks {device.CLStdVersion}, ILGPU needs {CLBackend.MinimumVersion}"
        : device.Capabilities.GenericAddressSpace ? null : "it has no generic address space, which ILGPU needs");

    private static PipelineException Refuse(AcceleratorInfo info, string why, Exception? inner) => new(
        "device.refused", $"device {info.Name} ({info.Words}) cannot be used: {why}", "take another device; the command devices lists them", inner: inner);

    private static (string Kind, int Index)? Parse(string name) =>
        name.Split(':') is [Cuda or OpenCl, var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? (name[..name.IndexOf(':', StringComparison.Ordinal)], index)
            : null;
}
