using System.IO.MemoryMappedFiles;

namespace Pipeline.Checkpoints;

/// <summary>A range of a weight file in memory until it is disposed; pages that are never touched take none.</summary>
internal sealed unsafe class MappedRange : IDisposable
{
    private const int PageBytes = 4096;

    private readonly MappedSafetensors _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _offset;

    public MappedRange(MappedSafetensors file, MemoryMappedViewAccessor view, long offset, long bytes)
    {
        _file = file;
        _view = view;
        _offset = offset;
        Bytes = bytes;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Address = (nint)start + (nint)view.PointerOffset;
    }

    public nint Address { get; }

    public long Bytes { get; }

    /// <summary>Reads the range from the disk and touches its pages, so that later use neither waits for the disk nor faults.</summary>
    /// <param name="buffer">Scratch, of any length.</param>
    /// <exception cref="PipelineException">The disk cannot give it.</exception>
    public void Fetch(Span<byte> buffer, CancellationToken cancellation)
    {
        for (long done = 0; done < Bytes; done += buffer.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(buffer.Length, Bytes - done);
            _file.Read(_offset + done, buffer[..length]);
            for (var i = 0; i < length; i += PageBytes)
            {
                Volatile.Read(ref *((byte*)Address + done + i));
            }
        }
    }

    public void Dispose()
    {
        if (_view.CanRead)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }
    }
}
