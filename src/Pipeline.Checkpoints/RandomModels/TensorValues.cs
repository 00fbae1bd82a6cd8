namespace Pipeline.Checkpoints;

/// <summary>Fills in a tensor's elements from index <paramref name="first"/> on, row-major.</summary>
public delegate void FillTensor(long first, Span<float> values);

/// <summary>A tensor to be written: its elements are asked for as float32, piece by piece, and narrowed to <paramref name="Type"/> (F32, F16 or BF16).</summary>
public sealed record TensorValues(string Name, StoredType Type, IReadOnlyList<int> Shape, FillTensor Fill)
{
    public TensorValues(string name, StoredType type, IReadOnlyList<int> shape, float[] values)
        : this(name, type, shape, (first, target) => values.AsSpan((int)first, target.Length).CopyTo(target))
    {
    }

    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    public long Bytes => Count * Type.Size();
}
