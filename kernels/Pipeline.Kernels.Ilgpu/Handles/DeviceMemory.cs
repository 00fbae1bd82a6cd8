using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>Memory on an accelerator, counted for as long as it lives.</summary>
internal sealed class DeviceMemory<T>(MemoryBuffer1D<T, Stride1D.Dense> memory, Action<long> freed) : IDisposable
    where T : unmanaged
{
    private bool _disposed;

    public ArrayView<T> View => memory.View;

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            memory.Dispose();
            freed(memory.LengthInBytes);
        }
    }
}
