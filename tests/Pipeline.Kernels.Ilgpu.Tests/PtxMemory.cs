using System.Runtime.InteropServices;

namespace Pipeline.Kernels.Tests;

/// <summary>Memory that a kernel executed on the host may take for a device's: it lies as cudaMalloc's does.</summary>
internal sealed unsafe class PtxMemory<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 256;

    private readonly T* _first;
    private readonly int _count;

    public PtxMemory(ReadOnlySpan<T> values)
    {
        _count = values.Length;
        _first = (T*)NativeMemory.AlignedAlloc((nuint)(_count * sizeof(T)), Alignment);
        values.CopyTo(Values);
    }

    public Span<T> Values => new(_first, _count);

    /// <summary>What a kernel takes for an address.</summary>
    public byte[] Address => PtxLaunch.Bytes((long)_first);

    /// <summary>What a kernel takes for a view.</summary>
    public byte[] View => [.. Address, .. PtxLaunch.Bytes((long)_count)];

    public void Dispose() => NativeMemory.AlignedFree(_first);
}
