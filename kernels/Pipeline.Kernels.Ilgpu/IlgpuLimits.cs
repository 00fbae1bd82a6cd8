using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>An accelerator's limits: plain loads, its own copies, and tensor cores where it has them, else float32 multiply-adds.</summary>
internal sealed class IlgpuLimits : IDeviceLimits
{
    /// <summary>Some times the caches of current accelerators; the simulator interprets each load.</summary>
    private const long MemoryBytes = 1L << 30;
    private const long SimulatedBytes = 1L << 18;

    private const int MostThreads = 1 << 18;
    private const int Steps = 1 << 14;
    private const int SimulatedSteps = 1 << 10;

    // Two ones in BF16.
    private const uint Ones = 0x3F803F80;
    private const int WarpThreads = 32;

    private readonly IlgpuRuntime _runtime;
    private readonly DeviceMemory<uint> _memory;
    private readonly DeviceMemory<uint> _seen;
    private readonly KernelConfig _launch;
    private readonly int _threads;
    private readonly int _steps;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<uint>, ArrayView<uint>> _read;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<uint>, float, float, int> _multiply;
    private readonly Action<AcceleratorStream, KernelConfig, long, uint, int>? _matrix;

    public IlgpuLimits(IlgpuRuntime runtime)
    {
        var accelerator = runtime.Accelerator;
        var simulated = accelerator.AcceleratorType == AcceleratorType.CPU;
        _runtime = runtime;
        _steps = simulated ? SimulatedSteps : Steps;
        _launch = runtime.Over(MostThreads);
        _threads = _launch.GridDim.X * _launch.GroupDim.X;
        _memory = runtime.Allocate<uint>("memory to measure with", (simulated ? SimulatedBytes : MemoryBytes) / sizeof(uint));
        _seen = runtime.Allocate<uint>("results of measuring", _threads);
        _read = accelerator.LoadKernel<ArrayView<uint>, ArrayView<uint>>(LimitKernels.Read);
        _multiply = accelerator.LoadKernel<ArrayView<uint>, float, float, int>(LimitKernels.MultiplyAdd);
        if (accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80)
        {
            _matrix = accelerator.LoadKernel<long, uint, int>(LimitKernels.MatrixMultiplyAdd);
        }
    }

    public string Multiplication => _matrix is null ? "float32" : "BF16, mma.sync";

    public double MeasureReading() =>
        _memory.View.LengthInBytes / Time(() => _read(_runtime.Stream, _launch, _memory.View, _seen.View));

    public double MeasureCopying()
    {
        var half = _memory.View.Length / 2;
        return _memory.View.LengthInBytes / Time(() => _memory.View.SubView(0, half).CopyTo(_runtime.Stream, _memory.View.SubView(half, half)));
    }

    public double MeasureMultiplyAdds()
    {
        var work = (double)_threads * _steps * LimitKernels.Chains;
        return _matrix is { } matrix
            ? work / WarpThreads * LimitKernels.MatrixOperations / Time(() => matrix(_runtime.Stream, _launch, SeenAddress, Ones, _steps))
            : 2 * work / Time(() => _multiply(_runtime.Stream, _launch, _seen.View, 0.999f, 1e-3f, _steps));
    }

    public void Dispose()
    {
        _memory.Dispose();
        _seen.Dispose();
    }

    private long SeenAddress => _seen.View.LoadEffectiveAddressAsPtr();

    private double Time(Action enqueue)
    {
        _runtime.Stream.Synchronize();
        var started = Stopwatch.GetTimestamp();
        enqueue();
        _runtime.Stream.Synchronize();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
