using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace Pipeline.Checkpoints;

/// <summary>
/// One safetensors file, mapped into memory: u64 header length (little-endian), JSON header, then data.
/// Layout and limits are those of the reference implementation (github.com/huggingface/safetensors).
/// </summary>
internal sealed class MappedSafetensors : IDisposable
{
    private const int LengthBytes = 8;

    // The reference implementation's limit: a longer header is an attack or not a header.
    private const int MaxHeaderBytes = 100_000_000;

    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;

    private unsafe MappedSafetensors(string path, FileStream stream, byte[] header)
    {
        Path = path;
        Length = stream.Length;
        Header = header;
        var dataStart = LengthBytes + header.Length;
        var entries = SafetensorsHeader.Parse(path, header, Length - dataStart);
        _mapping = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        var data = (nint)start + dataStart;
        Tensors = entries.ConvertAll(entry =>
            new TensorInfo(entry.Name, path, entry.Type, entry.Shape, data + (nint)entry.Begin, entry.End - entry.Begin));
    }

    public string Path { get; }

    /// <summary>Length of the whole file in bytes.</summary>
    public long Length { get; }

    /// <summary>In the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The JSON header as it lies in the file.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Maps a file and validates its header; no data is read.</summary>
    /// <exception cref="PipelineException">The file is missing, unreadable or damaged; the message says where.</exception>
    public static MappedSafetensors Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return new MappedSafetensors(path, stream, ReadHeader(path, stream));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PipelineException("checkpoint.missing", $"{path}: no such file", "Fetch the checkpoint anew.", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new PipelineException("checkpoint.unreadable", $"{path}: cannot be read: {e.Message}", "Check the file's permissions.", inner: e);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_view.CanRead)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _mapping.Dispose();
        }
    }

    private static byte[] ReadHeader(string path, FileStream stream)
    {
        Span<byte> lengthBytes = stackalloc byte[LengthBytes];
        if (stream.Length < LengthBytes)
        {
            throw SafetensorsHeader.Damaged(path, $"is truncated: {stream.Length} bytes, fewer than the 8 that hold the header's length");
        }

        stream.ReadExactly(lengthBytes);
        if (lengthBytes.SequenceEqual("version "u8))
        {
            throw new PipelineException(
                "checkpoint.lfs-pointer", $"{path}: is a git-lfs pointer, not the weights themselves", "Run `git lfs install` and `git lfs pull` in the directory.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > MaxHeaderBytes)
        {
            throw SafetensorsHeader.Damaged(path, $"claims a header of {length} bytes, more than the {MaxHeaderBytes} that the format allows");
        }

        if (length > (ulong)(stream.Length - LengthBytes))
        {
            throw SafetensorsHeader.Damaged(path, $"is truncated: its header should take {length} bytes, {stream.Length - LengthBytes} are there");
        }

        var header = new byte[length];
        stream.ReadExactly(header);
        return header;
    }
}
