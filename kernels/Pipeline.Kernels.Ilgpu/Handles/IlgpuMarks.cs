using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>
/// Marks in the queue that the host can look at without waiting: each is a number that the device copies to host memory when all
/// before it is done.
/// </summary>
internal sealed class IlgpuMarks : IDisposable
{
    private readonly AcceleratorStream _stream;
    private readonly LaunchQueue _launches;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<long>> _count;
    private readonly DeviceMemory<long> _reached;
    private readonly PageLockedArray1D<long> _seen;
    private long _last;

    public IlgpuMarks(IlgpuRuntime runtime)
    {
        _stream = runtime.Stream;
        _launches = runtime.Launches;
        _count = runtime.Accelerator.LoadKernel<ArrayView<long>>(RowKernels.Mark);
        _reached = runtime.Allocate<long>("marks", 1);
        _seen = runtime.Accelerator.AllocatePageLocked1D<long>(1);
        _seen.Span.Clear();
    }

    public long Add()
    {
        _launches.Flush();
        _count(_stream, new KernelConfig(1, 1), _reached.View);
        _reached.View.CopyTo(_stream, _seen.ArrayView);
        return ++_last;
    }

    public bool IsReached(long mark) => Volatile.Read(ref _seen.Span[0]) >= mark;

    public void Dispose()
    {
        _reached.Dispose();
        _seen.Dispose();
    }
}
