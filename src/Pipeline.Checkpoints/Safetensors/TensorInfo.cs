using System.Runtime.CompilerServices;

namespace Pipeline.Checkpoints;

/// <summary>One stored tensor: where it lies in mapped memory, row-major, little-endian. Valid until its catalog is disposed.</summary>
/// <param name="Name">Name in the header.</param>
/// <param name="File">Path of the file that holds it.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Dimensions, slowest first; empty for a scalar.</param>
/// <param name="Address">Address of the first element; need not be aligned.</param>
/// <param name="Bytes">Length in memory.</param>
public sealed record TensorInfo(string Name, string File, StoredType Type, IReadOnlyList<long> Shape, nint Address, long Bytes)
{
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
