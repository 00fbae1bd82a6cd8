using System.Runtime.CompilerServices;

namespace Pipeline.Checkpoints;

/// <summary>One stored tensor, row-major, little-endian. It is mapped when its address is first asked for, until its catalog is disposed.</summary>
public sealed class TensorInfo
{
    private readonly MappedSafetensors _file;
    private readonly long _offset;
    private readonly Lazy<nint> _address;

    /// <param name="file">Where it is stored.</param>
    /// <param name="entry">What the header says of it.</param>
    /// <param name="offset">Of its first byte, from the start of the file.</param>
    internal TensorInfo(MappedSafetensors file, HeaderEntry entry, long offset)
    {
        _file = file;
        _offset = offset;
        Name = entry.Name;
        Type = entry.Type;
        Shape = entry.Shape;
        Bytes = entry.End - entry.Begin;
        _address = new Lazy<nint>(() => Bytes == 0 ? 0 : _file.Keep(_offset, Bytes));
    }

    /// <summary>Name in the header.</summary>
    public string Name { get; }

    /// <summary>Path of the file that holds it.</summary>
    public string File => _file.Path;

    /// <summary>Type of its elements.</summary>
    public StoredType Type { get; }

    /// <summary>Dimensions, slowest first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Length in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Address of the first element, which need not be aligned; 0 where there is none.</summary>
    public nint Address => _address.Value;

    /// <summary>Number of elements.</summary>
    public long Count => Bytes / Type.Size();

    /// <summary>All elements of a floating-point tensor, widened (F64: rounded) to float32.</summary>
    /// <exception cref="PipelineException">The tensor is not floating point, or too large for one array.</exception>
    public float[] ReadFloats() => Type switch
    {
        StoredType.F32 => Read<float, float>(value => value),
        StoredType.F64 => Read<double, float>(value => (float)value),
        StoredType.F16 => Read<Half, float>(value => (float)value),
        StoredType.BF16 => Read<ushort, float>(value => BitConverter.UInt32BitsToSingle((uint)value << 16)),
        _ => throw WrongType("floating-point numbers"),
    };

    /// <summary>All elements of an integer tensor.</summary>
    /// <exception cref="PipelineException">The tensor is not of integers, or too large for one array.</exception>
    public long[] ReadIntegers() => Type switch
    {
        StoredType.I64 => Read<long, long>(value => value),
        StoredType.I32 => Read<int, long>(value => value),
        StoredType.I16 => Read<short, long>(value => value),
        StoredType.I8 => Read<sbyte, long>(value => value),
        StoredType.U32 => Read<uint, long>(value => value),
        StoredType.U16 => Read<ushort, long>(value => value),
        StoredType.U8 or StoredType.Bool => Read<byte, long>(value => value),
        _ => throw WrongType("integers"),
    };

    /// <summary>The shape as messages write it: <c>[8, 192, 512]</c>.</summary>
    public static string Describe(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Maps a part alone; the caller disposes it.</summary>
    /// <param name="start">First byte of the part.</param>
    /// <param name="bytes">At least 1.</param>
    internal MappedRange Map(long start, long bytes) => _file.Map(_offset + start, bytes);

    private unsafe TResult[] Read<TStored, TResult>(Func<TStored, TResult> convert)
        where TStored : unmanaged
    {
        if (Count > Array.MaxLength)
        {
            throw new PipelineException("checkpoint.tensor-size", $"{File}: tensor {Name} has {Count} elements, too many to read at once");
        }

        var result = new TResult[Count];
        var source = (TStored*)Address;
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = convert(Unsafe.ReadUnaligned<TStored>(source + i));
        }

        return result;
    }

    private PipelineException WrongType(string wanted) =>
        new("checkpoint.tensor-type", $"{File}: tensor {Name} is {Type.Label()}, not {wanted}", "The file is not of the layout that is read here.");
}
