using System.Runtime.InteropServices;

namespace Pipeline.Kernels.Tests;

/// <summary>Memory between two pages that nobody may touch: a read outside kills the test run instead of passing.</summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int NoAccess = 0;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    private readonly nint _mapping;
    private readonly nint _length;

    public GuardedMemory(int bytes)
    {
        nint page = Environment.SystemPageSize;
        Length = (bytes + page - 1) / page * page;
        _length = Length + (2 * page);
        _mapping = Map(0, _length, NoAccess, PrivateAnonymous, -1, 0);
        Start = _mapping + page;
        if (_mapping == -1 || Protect(Start, Length, ReadWrite) != 0)
        {
            throw new InvalidOperationException($"Guarded memory was refused: errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>The first usable byte; the one before is guarded.</summary>
    public nint Start { get; }

    /// <summary>Usable bytes; the one after the last is guarded.</summary>
    public nint Length { get; }

    public void Dispose() => _ = Unmap(_mapping, _length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nint length);
}
