using System.Runtime.InteropServices;

namespace Pipeline.Kernels;

/// <summary>Zeroed native memory, aligned to a cache line, with room behind it for one vector read too far.</summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    private const int Alignment = 64;
    private const int Slack = 1024;
    private void* _allocation;

    /// <param name="bytes">Size; pages that are never touched take no memory.</param>
    public NativeBlock(long bytes)
    {
        _allocation = NativeMemory.AllocZeroed((nuint)(bytes + Alignment + Slack));
        Address = (byte*)(((nint)_allocation + Alignment - 1) & -Alignment);
        Bytes = bytes;
    }

    public byte* Address { get; private set; }

    public long Bytes { get; }

    /// <summary>Takes the memory of all pages now.</summary>
    public void Commit()
    {
        for (long i = 0; i < Bytes; i += Pages.Bytes)
        {
            Volatile.Write(ref Address[i], Volatile.Read(ref Address[i]));
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        Address = null;
    }
}

/// <summary>A handle whose memory the system gives page by page, as it is first used.</summary>
internal interface ICommittable
{
    /// <summary>Uses all of it once.</summary>
    void Commit();
}

/// <summary>Rows of float32, each followed by zeros that nothing overwrites, so that kernels read whole vectors.</summary>
internal sealed unsafe class PortableBuffer : DeviceBuffer, ICommittable, IDisposable
{
    private readonly NativeBlock _block;

    public PortableBuffer(string name, int rows, int columns)
        : base(name, rows, columns)
    {
        Stride = Padding.Row(columns);
        _block = new NativeBlock((long)rows * Stride * sizeof(float));
    }

    /// <summary>Floats from one row to the next.</summary>
    public int Stride { get; }

    public float* Row(int row) => (float*)_block.Address + ((long)row * Stride);

    public void Commit() => _block.Commit();

    public void Dispose() => _block.Dispose();
}

/// <summary>
/// A weight as it lies in the mapped file, or quantized when it is loaded (<see cref="QuantizedRows"/>); a vector (one output) is widened then.
/// </summary>
internal sealed unsafe class PortableWeight : DeviceWeight, ICommittable, IDisposable
{
    private readonly WeightPart[] _parts;
    private readonly NativeBlock? _vector;
    private readonly NativeBlock? _quantized;

    /// <exception cref="PipelineException">It cannot be quantized.</exception>
    public PortableWeight(WeightSpec spec, CpuTeam team)
        : base(spec)
    {
        _parts = [.. spec.Parts];
        if (spec is { Outputs: 1, Parts.Count: 1 })
        {
            _vector = new NativeBlock((long)Padding.Row(spec.Inputs) * sizeof(float));
            WeightReader.Block(spec, part: 0, output: 0, firstInput: 0, new Span<float>(Vector, spec.Inputs));
        }

        if (spec.Quantization != Quantization.None)
        {
            Rows = new QuantizedRows(spec.Quantization, spec.Inputs);
            _quantized = new NativeBlock((((long)spec.Outputs * _parts.Length) + QuantizedKernel.Outputs) * Rows.RowBytes);
            QuantizeWork.Run(team, spec, Rows, _quantized.Address);
        }
    }

    /// <summary>The widened elements of a vector, padded with zeros; null for a matrix.</summary>
    public float* Vector => _vector is null ? null : (float*)_vector.Address;

    /// <summary>How rows lie that are quantized; of no meaning for others.</summary>
    public QuantizedRows Rows { get; }

    /// <summary>Address of an element of a part that is not quantized.</summary>
    public byte* Address(int part, int output, int input)
    {
        var (row, column) = Spec.Orientation == WeightOrientation.OutputsByInputs ? (output, input) : (input, output);
        return (byte*)_parts[part].Address + (((row * _parts[part].Stride) + column) * Spec.Format.Size());
    }

    /// <summary>A quantized row of a part; whole blocks of rows may be read from any on.</summary>
    public byte* Quantized(int part, int output) => _quantized!.Address + ((((long)part * Spec.Outputs) + output) * Rows.RowBytes);

    /// <summary>Widens one row of a weight that lies as [outputs, inputs], padded with zeros to a whole vector.</summary>
    public void WidenRow<V>(int output, float* target)
        where V : unmanaged, ILanes<V> =>
        Numbers.Run(Spec.Format, new WeightPanel<V>(Address(0, output, 0), 0, 1, Spec.Inputs, target, 0));

    /// <summary>Bytes from one stored row of a part to the next.</summary>
    public nint StrideBytes(int part) => (nint)_parts[part].Stride * Spec.Format.Size();

    /// <summary>Reads a byte of each page of the file that the weight lies on; one that is quantized has been written already.</summary>
    public void Commit()
    {
        if (_quantized is not null)
        {
            return;
        }

        var (rows, columns) = Spec.Orientation == WeightOrientation.OutputsByInputs ? (Spec.Outputs, Spec.Inputs) : (Spec.Inputs, Spec.Outputs);
        for (var part = 0; part < _parts.Length; part++)
        {
            var start = (byte*)_parts[part].Address;
            var bytes = ((rows - 1) * StrideBytes(part)) + ((nint)columns * Spec.Format.Size());
            for (nint i = 0; i < bytes; i += Pages.Bytes)
            {
                Volatile.Read(ref start[i]);
            }
        }
    }

    public void Dispose()
    {
        _vector?.Dispose();
        _quantized?.Dispose();
    }
}

internal sealed class PortableRouting(int rows, int slots) : DeviceRouting(rows, slots)
{
    public int[] Experts { get; } = new int[rows * slots];

    public float[] Scores { get; } = GC.AllocateArray<float>(rows * slots, pinned: true);
}

internal sealed class PortableChoices(int rows) : DeviceChoices(rows)
{
    public TokenChoice[] Choices { get; } = new TokenChoice[rows];
}

internal static class Pages
{
    /// <summary>The smallest page that any system has.</summary>
    public const int Bytes = 4096;
}

internal static class Padding
{
    /// <summary>Lanes of the widest path: all paths share one layout.</summary>
    public const int Lanes = 16;

    /// <summary>
    /// Floats from row to row: whole vectors, and one more cache line, so that the rows a kernel reads together
    /// do not fall on the same set of the cache where columns are a power of two.
    /// </summary>
    public static int Row(int columns) => Head(columns) + Lanes;

    public static int Head(int size) => (size + Lanes - 1) & -Lanes;
}
