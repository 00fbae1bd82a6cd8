using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// A weight as [part, output, input], its numbers as they are stored, each row padded with zeros to 64 bytes, or quantized; a vector
/// (one output) also as float32.
/// </summary>
internal sealed class IlgpuWeight : DeviceWeight, IDisposable
{
    /// <summary>Bytes that a row is padded to: the step of the tiled product, and four loads of 16.</summary>
    private const int RowBytes = 64;

    private readonly DeviceMemory<uint> _memory;
    private readonly DeviceMemory<float>? _vector;

    public IlgpuWeight(IlgpuRuntime runtime, WeightSpec spec, HostCopies copies)
        : base(spec)
    {
        var words = RowBytesOf(spec) / sizeof(uint);
        Shape = new StoredShape(FormatOf(spec), words, spec.Outputs);
        _memory = runtime.Allocate<uint>(spec.Name, (long)words * spec.Outputs * spec.Parts.Count);
        for (var part = 0; part < spec.Parts.Count; part++)
        {
            Upload(copies, part);
        }

        if (spec is { Outputs: 1, Parts.Count: 1 })
        {
            _vector = runtime.Allocate<float>(spec.Name, spec.Inputs);
            copies.Send<float>([.. Enumerable.Range(0, spec.Inputs).Select(i => WeightReader.Element(spec, part: 0, output: 0, i))], _vector.View);
        }
    }

    public StoredShape Shape { get; }

    public ArrayView<uint> Words => _memory.View;

    /// <summary>The widened elements of a vector.</summary>
    public ArrayView<float> Vector => _vector!.View;

    public void Dispose()
    {
        _memory.Dispose();
        _vector?.Dispose();
    }

    private static int FormatOf(WeightSpec spec) => spec.Quantization switch
    {
        Quantization.Int8 => StoredShape.Int8,
        Quantization.Int4 => StoredShape.Int4,
        _ => (int)spec.Format,
    };

    private static int RowBytesOf(WeightSpec spec) => spec.Quantization == Quantization.None
        ? (spec.Inputs * spec.Format.Size() + RowBytes - 1) / RowBytes * RowBytes
        : new QuantizedRows(spec.Quantization, spec.Inputs).RowBytes;

    /// <summary>Sends a part in pieces of whole rows, laid out where they are sent from.</summary>
    private void Upload(HostCopies copies, int part)
    {
        var rowBytes = Shape.RowWords * sizeof(uint);
        var most = HostCopies.HalfBytes / rowBytes;
        for (var first = 0; first < Spec.Outputs; first += most)
        {
            var rows = Math.Min(most, Spec.Outputs - first);
            var piece = copies.Room()[..(rows * rowBytes)];
            if (Spec.Quantization == Quantization.None)
            {
                WeightRows.Copy(Spec, part, first, rows, piece, rowBytes);
            }
            else
            {
                WeightRows.Quantize(Spec, part, first, rows, piece);
            }

            copies.Send(rows * Shape.RowWords, _memory.View.SubView(Shape.Row(part, first), (long)rows * Shape.RowWords));
        }
    }
}

/// <summary>Reads rows of outputs from a stored matrix of either orientation.</summary>
internal static unsafe class WeightRows
{
    /// <summary>Outputs that are read together from a matrix that lies as [inputs, outputs]: what one of its cache lines holds.</summary>
    private const int Together = 32;

    /// <summary>Writes <paramref name="rows"/> rows from output <paramref name="first"/> on, each padded with zeros to <paramref name="rowBytes"/>.</summary>
    public static void Copy(WeightSpec spec, int part, int first, int rows, Span<byte> target, int rowBytes)
    {
        target.Clear();
        var (address, stride) = spec.Parts[part];
        var size = spec.Format.Size();
        if (spec.Orientation == WeightOrientation.OutputsByInputs)
        {
            for (var row = 0; row < rows; row++)
            {
                new ReadOnlySpan<byte>((byte*)address + ((first + row) * stride * size), spec.Inputs * size).CopyTo(target[(row * rowBytes)..]);
            }
        }
        else if (size == sizeof(float))
        {
            Transpose((float*)address + first, stride, spec.Inputs, rows, MemoryMarshal.Cast<byte, float>(target), rowBytes / size);
        }
        else
        {
            Transpose((ushort*)address + first, stride, spec.Inputs, rows, MemoryMarshal.Cast<byte, ushort>(target), rowBytes / size);
        }
    }

    /// <summary>Writes <paramref name="rows"/> quantized rows from output <paramref name="first"/> on, with all of the machine's processors.</summary>
    /// <exception cref="PipelineException">They cannot be quantized.</exception>
    public static void Quantize(WeightSpec spec, int part, int first, int rows, Span<byte> target)
    {
        var layout = new QuantizedRows(spec.Quantization, spec.Inputs);
        fixed (byte* start = target)
        {
            var address = (nint)start;
            try
            {
                Parallel.For(0, (rows + Together - 1) / Together, chunk =>
                {
                    var row = chunk * Together;
                    layout.Pack(spec, part, first + row, Math.Min(Together, rows - row), (byte*)address + ((long)row * layout.RowBytes));
                });
            }
            catch (AggregateException failures)
            {
                ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
            }
        }
    }

    private static void Transpose<T>(T* source, long stride, int inputs, int rows, Span<T> target, int rowLength)
        where T : unmanaged
    {
        for (var block = 0; block < rows; block += Together)
        {
            var end = Math.Min(rows, block + Together);
            for (var input = 0; input < inputs; input++)
            {
                for (var row = block; row < end; row++)
                {
                    target[(row * rowLength) + input] = Unsafe.ReadUnaligned<T>(source + (input * stride) + row);
                }
            }
        }
    }
}
