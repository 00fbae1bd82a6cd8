using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace Pipeline.Checkpoints;

/// <summary>
/// One safetensors file: u64 header length (little-endian), JSON header, then data, of which ranges are mapped when they are needed.
/// Layout and limits are those of the reference implementation (github.com/huggingface/safetensors).
/// </summary>
internal sealed class MappedSafetensors : IDisposable
{
    private const int LengthBytes = 8;

    // The reference implementation's limit: a longer header is an attack or not a header.
    private const int MaxHeaderBytes = 100_000_000;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _mapping;
    private readonly List<MappedRange> _kept = [];

    private MappedSafetensors(string path, FileStream stream, byte[] header)
    {
        Path = path;
        Length = stream.Length;
        Header = header;
        _stream = stream;
        var dataStart = LengthBytes + header.Length;
        var entries = SafetensorsHeader.Parse(path, header, Length - dataStart);
        _mapping = MemoryMappedFile.CreateFromFile(stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        Tensors = entries.ConvertAll(entry => new TensorInfo(this, entry, dataStart + entry.Begin));
    }

    public string Path { get; }

    /// <summary>Length of the whole file in bytes.</summary>
    public long Length { get; }

    /// <summary>In the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The JSON header as it lies in the file.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Opens a file and validates its header; no data is mapped or read.</summary>
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

    /// <summary>A range of the file in memory, the caller's to dispose.</summary>
    /// <param name="offset">From the start of the file.</param>
    /// <param name="bytes">At least 1.</param>
    public MappedRange Map(long offset, long bytes)
    {
        try
        {
            return new MappedRange(this, _mapping.CreateViewAccessor(offset, bytes, MemoryMappedFileAccess.Read), offset, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(e.Message, e);
        }
    }

    /// <summary>A range that stays in memory until the file is disposed.</summary>
    public nint Keep(long offset, long bytes)
    {
        var range = Map(offset, bytes);
        lock (_kept)
        {
            _kept.Add(range);
        }

        return range.Address;
    }

    /// <summary>Reads bytes of the file beside any mapping: what the disk cannot give is an error here, and would end the process there.</summary>
    /// <exception cref="PipelineException">The file has become shorter, or the disk fails.</exception>
    public void Read(long offset, Span<byte> target)
    {
        try
        {
            while (target.Length > 0)
            {
                var read = RandomAccess.Read(_stream.SafeFileHandle, target, offset);
                if (read == 0)
                {
                    throw Unreadable($"it ends at byte {offset}, and was {Length} bytes long when it was opened", inner: null);
                }

                target = target[read..];
                offset += read;
            }
        }
        catch (IOException e)
        {
            throw Unreadable(e.Message, e);
        }
    }

    public void Dispose()
    {
        lock (_kept)
        {
            _kept.ForEach(range => range.Dispose());
            _kept.Clear();
        }

        _mapping.Dispose();
    }

    private PipelineException Unreadable(string why, Exception? inner) => new(
        "checkpoint.unreadable", $"{Path}: cannot be read: {why}", "Check the disk, or fetch the checkpoint anew.", FailureKind.Outside, inner);

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
