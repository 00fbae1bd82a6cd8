using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>One accelerator with its context, its one stream and its loaded kernels. Not thread-safe: one thread owns it.</summary>
public sealed class IlgpuRuntime : IDisposable
{
    /// <summary>Threads of a simulated group: each is a thread of this process, and all wait for the slowest after each group.</summary>
    private const int SimulatedThreads = 2;

    private const string SmallerHint = "take a smaller model, a smaller pipeline.decoder.kv-bytes, or a device with more memory";

    private readonly Context _context;
    private readonly Action<long> _freed;

    /// <param name="description">The device in words.</param>
    /// <param name="path">What it compiles kernels for.</param>
    /// <param name="capacity">Bytes that may be allocated.</param>
    internal IlgpuRuntime(Context context, Accelerator accelerator, string description, string path, long capacity)
    {
        Path = path;
        FreeBytes = capacity;
        _freed = bytes => FreeBytes += bytes;
        _context = context;
        Accelerator = accelerator;
        Description = description;
        var simulated = accelerator.AcceleratorType == AcceleratorType.CPU;
        GroupThreads = Math.Min(accelerator.MaxNumThreadsPerGroup, 128);
        MostGroups = simulated ? 1 : 1 << 20;
        Stream = accelerator.CreateStream();
        Launches = new LaunchQueue(Stream, Failed);
        Kernels = new KernelLoader(accelerator, Launches);
        Plain = new PlainKernels(Kernels);
        if (accelerator.WarpSize == Lanes32.Count && accelerator.AcceleratorType != AcceleratorType.OpenCL)
        {
            Warps = new WarpKernels(Kernels);
        }

        HasTensorCores = accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80;
        if (HasTensorCores)
        {
            Flash = Kernels.Load<long, long, long, FlashShape>(
                FlashKernels.Attend, new KernelSpecialization(FlashTile.Threads, FlashTile.Groups));
        }
    }

    /// <summary>The device in words.</summary>
    public string Description { get; }

    /// <summary>What it compiles kernels for: equal ones run the same code.</summary>
    public string Path { get; }

    /// <summary>Bytes that may still be allocated.</summary>
    internal long FreeBytes { get; private set; }

    internal Accelerator Accelerator { get; }

    internal AcceleratorStream Stream { get; }

    /// <summary>Through which all launches go.</summary>
    internal LaunchQueue Launches { get; }

    internal KernelLoader Kernels { get; }

    internal PlainKernels Plain { get; }

    /// <summary>Null where there are no warps of 32.</summary>
    internal WarpKernels? Warps { get; }

    /// <summary>Whether mma.sync takes BF16.</summary>
    internal bool HasTensorCores { get; }

    /// <summary><see cref="FlashKernels.Attend"/>; null where there are no tensor cores, unless something else stands in for them.</summary>
    internal Action<AcceleratorStream, KernelConfig, long, long, long, FlashShape>? Flash { get; set; }

    /// <summary>Threads of a group.</summary>
    internal int GroupThreads { get; }

    /// <summary>Groups of a launch: threads take every stride-th item where this is too few.</summary>
    internal int MostGroups { get; }

    /// <summary>ILGPU's own interpreter of kernels on this processor: for tests, never for work.</summary>
    public static IlgpuRuntime OpenSimulator() =>
        OpenSimulator(OptimizationLevel.O2, capacity: GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <param name="warp">Threads of a warp: 32 are needed to try the kernels that work by warps.</param>
    /// <param name="warps">Warps of a group.</param>
    internal static IlgpuRuntime OpenSimulator(OptimizationLevel level, int warp = SimulatedThreads, int warps = 1, long capacity = long.MaxValue)
    {
        var context = Context.Create(builder => builder.Optimize(level).CPU(new CPUDevice(warp, warps, 1)));
        return new IlgpuRuntime(context, context.GetCPUDevice(0).CreateCPUAccelerator(context), "simulator", $"simulator of warps of {warp}", capacity);
    }

    public void Dispose()
    {
        Launches.Dispose();
        Stream.Dispose();
        Accelerator.Dispose();
        _context.Dispose();
    }

    /// <summary>Zeroed memory of at least one element: ILGPU makes no views of nothing.</summary>
    /// <exception cref="PipelineException">There is not enough; names what it was for, with both numbers.</exception>
    internal DeviceMemory<T> Allocate<T>(string what, long count)
        where T : unmanaged
    {
        count = Math.Max(1, count);
        var bytes = count * Interop.SizeOf<T>();
        if (bytes > FreeBytes)
        {
            throw NoMemory(what, bytes, inner: null);
        }

        try
        {
            var memory = Accelerator.Allocate1D<T>(count);
            memory.MemSetToZero(Stream);
            FreeBytes -= bytes;
            return new DeviceMemory<T>(memory, _freed);
        }
        catch (AcceleratorException failure)
        {
            throw NoMemory(what, bytes, failure);
        }
    }

    /// <summary>A launch of groups over that many items, at least one.</summary>
    internal KernelConfig OverGroups(long items, int mostThreads) =>
        new((int)Math.Min(items, MostGroups), Math.Min(Accelerator.MaxNumThreadsPerGroup, mostThreads));

    /// <summary>A launch of warps over that many items, at least one.</summary>
    internal KernelConfig OverWarps(long items) => Over(items * Lanes32.Count);

    /// <summary>A launch of plain threads over that many items, at least one.</summary>
    internal KernelConfig Over(long items) => new((int)Math.Min((items + GroupThreads - 1) / GroupThreads, MostGroups), GroupThreads);

    /// <summary>What the device failed at, by its name, and what to do.</summary>
    internal PipelineException Failed(AcceleratorException failure) =>
        failure is CudaException { Error: nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) }
            ? new PipelineException("device.memory", $"{Description}: {failure.Message}", SmallerHint, FailureKind.Outside, failure)
            : new PipelineException(
                "device.failed", $"{Description}: {failure.Message}", "start again; if it fails again, check the device's driver and its log", FailureKind.Outside, failure);

    private PipelineException NoMemory(string what, long bytes, Exception? inner) => new(
        "device.memory",
        $"{Description}: {what} takes {bytes:N0} bytes, {FreeBytes:N0} are free",
        SmallerHint,
        inner: inner);
}
