namespace Pipeline.Kernels.Tests;

/// <summary>Where a weight lies in its guarded memory.</summary>
public enum Placement
{
    /// <summary>Its first byte follows the guard.</summary>
    Start,

    /// <summary>Its last byte precedes the guard.</summary>
    End,

    /// <summary>At an address that no element is aligned to, as a file may have it.</summary>
    Odd,
}

/// <summary>Seeded numbers and weights of any format, orientation and stride, each part in guarded memory of its own.</summary>
internal sealed unsafe class TestWeights(int seed) : IDisposable
{
    private readonly Random _random = new(seed);
    private readonly List<GuardedMemory> _memory = [];

    /// <summary>Numbers in [-range, range).</summary>
    public float[] Numbers(int count, float range = 1)
    {
        var numbers = new float[count];
        foreach (ref var number in numbers.AsSpan())
        {
            number = ((2 * _random.NextSingle()) - 1) * range;
        }

        return numbers;
    }

    public int Next(int first, int end) => _random.Next(first, end);

    public T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    public WeightSpec Vector(int length, NumberFormat format = NumberFormat.F32) =>
        Matrix(1, length, format, WeightOrientation.OutputsByInputs);

    /// <summary>A weight of numbers in [-range, range).</summary>
    public WeightSpec Matrix(
        int outputs,
        int inputs,
        NumberFormat format,
        WeightOrientation orientation,
        int parts = 1,
        int gap = 0,
        Placement placement = Placement.End,
        float range = 1)
    {
        var (rows, columns) = orientation == WeightOrientation.OutputsByInputs ? (outputs, inputs) : (inputs, outputs);
        var stride = columns + gap;
        var placed = new WeightPart[parts];
        for (var part = 0; part < parts; part++)
        {
            placed[part] = new WeightPart(Place((((rows - 1) * stride) + columns) * format.Size(), placement), stride);
            for (var i = 0; i < rows * columns; i++)
            {
                Write(placed[part].Address, (i / columns * stride) + (i % columns), format, ((2 * _random.NextSingle()) - 1) * range);
            }
        }

        return new WeightSpec($"weight [{outputs}, {inputs}]", outputs, inputs, format, orientation, placed, this);
    }

    /// <summary>A float32 weight of exactly these numbers, [outputs, inputs].</summary>
    public WeightSpec Matrix(int outputs, int inputs, float[] numbers)
    {
        var address = Place(numbers.Length * sizeof(float), Placement.End);
        numbers.CopyTo(new Span<float>((void*)address, numbers.Length));
        return new WeightSpec(
            "numbers", outputs, inputs, NumberFormat.F32, WeightOrientation.OutputsByInputs, [new WeightPart(address, inputs)], this);
    }

    /// <summary>A weight of exactly these stored 16-bit numbers, as one vector.</summary>
    public WeightSpec Bits(ushort[] bits, NumberFormat format)
    {
        var address = Place(bits.Length * sizeof(ushort), Placement.End);
        bits.CopyTo(new Span<ushort>((void*)address, bits.Length));
        return new WeightSpec(
            "bits", bits.Length, 1, format, WeightOrientation.OutputsByInputs, [new WeightPart(address, 1)], this);
    }

    public void Dispose()
    {
        foreach (var memory in _memory)
        {
            memory.Dispose();
        }
    }

    private nint Place(int bytes, Placement placement)
    {
        var memory = new GuardedMemory(bytes + 1);
        _memory.Add(memory);
        return placement switch
        {
            Placement.Start => memory.Start,
            Placement.End => memory.Start + memory.Length - bytes,
            _ => memory.Start + 1,
        };
    }

    private static void Write(nint address, int index, NumberFormat format, float value)
    {
        var bytes = new Span<byte>((byte*)address + (index * format.Size()), format.Size());
        switch (format)
        {
            case NumberFormat.F32:
                BitConverter.TryWriteBytes(bytes, value);
                break;
            case NumberFormat.F16:
                BitConverter.TryWriteBytes(bytes, (Half)value);
                break;
            default:
                BitConverter.TryWriteBytes(bytes, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                break;
        }
    }
}
