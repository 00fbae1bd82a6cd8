using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>
/// Copies between host arrays and a device by way of page-locked memory, which a GPU reads and writes by itself. A copy to the device returns
/// when the array was taken over, as the page-locked memory has two halves, filled by turns; a copy to the host waits for
/// all that was enqueued before it, and is where a device shows what it failed at. On OpenCL, whose copies refuse views of
/// such memory, the driver copies from and to the arrays itself.
/// </summary>
internal sealed class HostCopies : IDisposable
{
    private const int HalfBytes = 4 << 20;

    private readonly IlgpuRuntime _runtime;
    private readonly IlgpuMarks _marks;
    private readonly PageLockedArray1D<byte>? _memory;
    private readonly long[] _sent = new long[2];
    private int _half;

    public HostCopies(IlgpuRuntime runtime, IlgpuMarks marks)
    {
        _runtime = runtime;
        _marks = marks;
        if (runtime.Accelerator.AcceleratorType != AcceleratorType.OpenCL)
        {
            _memory = runtime.Accelerator.AllocatePageLocked1D<byte>(2 * HalfBytes);
        }
    }

    /// <summary>Enqueues a copy to the device; the source may be reused when this returns.</summary>
    public void Send<T>(ReadOnlySpan<T> source, ArrayView<T> target)
        where T : unmanaged
    {
        try
        {
            _runtime.Launches.Flush();
            if (_memory is null)
            {
                target.CopyFromCPU(_runtime.Stream, source);
                return;
            }

            for (var first = 0; first < source.Length;)
            {
                var count = Math.Min(source.Length - first, HalfBytes / Unsafe.SizeOf<T>());
                _half ^= 1;
                if (!_marks.IsReached(_sent[_half]))
                {
                    _runtime.Stream.Synchronize();
                }

                MemoryMarshal.AsBytes(source.Slice(first, count)).CopyTo(_memory.Span[(_half * HalfBytes)..]);
                target.SubView(first, count).CopyFrom(_runtime.Stream, Half<T>(_memory, _half, count));
                _sent[_half] = _marks.Add();
                first += count;
            }
        }
        catch (AcceleratorException failure)
        {
            throw _runtime.Failed(failure);
        }
    }

    /// <summary>Waits for what was enqueued, then copies to the host.</summary>
    public void Receive<T>(ArrayView<T> source, Span<T> target)
        where T : unmanaged
    {
        try
        {
            _runtime.Launches.Flush();
            if (_memory is null)
            {
                source.CopyToCPU(_runtime.Stream, target);
                return;
            }

            for (var first = 0; first < target.Length;)
            {
                var count = Math.Min(target.Length - first, HalfBytes / Unsafe.SizeOf<T>());
                source.SubView(first, count).CopyTo(_runtime.Stream, Half<T>(_memory, half: 0, count));
                _runtime.Stream.Synchronize();
                MemoryMarshal.Cast<byte, T>(_memory.Span)[..count].CopyTo(target[first..]);
                first += count;
            }
        }
        catch (AcceleratorException failure)
        {
            throw _runtime.Failed(failure);
        }
    }

    public void Dispose() => _memory?.Dispose();

    private static ArrayView<T> Half<T>(PageLockedArray1D<byte> memory, int half, int count)
        where T : unmanaged
    {
        ArrayView<byte> all = memory.ArrayView;
        return all.SubView((long)half * HalfBytes, (long)count * Unsafe.SizeOf<T>()).Cast<T>();
    }
}
