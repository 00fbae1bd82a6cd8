using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>
/// Copies between the host and a device by way of page-locked memory, which a GPU reads and writes by itself. It has two halves, filled by turns:
/// one is written while the other is under way. A copy to the host waits for all that was enqueued before it, and is where a
/// device shows what it failed at. On OpenCL, whose copies refuse views of such memory, the driver copies from and to
/// arrays itself.
/// </summary>
internal sealed class HostCopies : IDisposable
{
    /// <summary>Bytes of one copy: what <see cref="Room"/> gives.</summary>
    public const int HalfBytes = 8 << 20;

    private readonly IlgpuRuntime _runtime;
    private readonly IlgpuMarks _marks;
    private readonly PageLockedArray1D<byte>? _memory;
    private readonly byte[] _array = [];
    private readonly long[] _sent = new long[2];
    private int _half;

    public HostCopies(IlgpuRuntime runtime, IlgpuMarks marks)
    {
        _runtime = runtime;
        _marks = marks;
        if (runtime.Accelerator.AcceleratorType == AcceleratorType.OpenCL)
        {
            _array = GC.AllocateUninitializedArray<byte>(HalfBytes, pinned: true);
        }
        else
        {
            _memory = runtime.Accelerator.AllocatePageLocked1D<byte>(2 * HalfBytes);
        }
    }

    /// <summary>Room for what <see cref="Send{T}(int, ArrayView{T})"/> sends: the device has taken what stood in it.</summary>
    public Span<byte> Room()
    {
        if (_memory is null)
        {
            return _array;
        }

        try
        {
            _half ^= 1;
            if (!_marks.IsReached(_sent[_half]))
            {
                _runtime.Launches.Flush();
                _runtime.Stream.Synchronize();
            }

            return _memory.Span.Slice(_half * HalfBytes, HalfBytes);
        }
        catch (AcceleratorException failure)
        {
            throw _runtime.Failed(failure);
        }
    }

    /// <summary>Enqueues a copy of the first elements of the <see cref="Room"/> to the device.</summary>
    public void Send<T>(int count, ArrayView<T> target)
        where T : unmanaged
    {
        try
        {
            _runtime.Launches.Flush();
            if (_memory is null)
            {
                target.CopyFromCPU(_runtime.Stream, MemoryMarshal.Cast<byte, T>(_array)[..count]);
                return;
            }

            target.CopyFrom(_runtime.Stream, Half<T>(_memory, _half, count));
            _sent[_half] = _marks.Add();
        }
        catch (AcceleratorException failure)
        {
            throw _runtime.Failed(failure);
        }
    }

    /// <summary>Enqueues a copy to the device; the source may be reused when this returns.</summary>
    public void Send<T>(ReadOnlySpan<T> source, ArrayView<T> target)
        where T : unmanaged
    {
        for (var first = 0; first < source.Length;)
        {
            var count = Math.Min(source.Length - first, HalfBytes / Unsafe.SizeOf<T>());
            MemoryMarshal.AsBytes(source.Slice(first, count)).CopyTo(Room());
            Send(count, target.SubView(first, count));
            first += count;
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
