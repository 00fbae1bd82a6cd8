namespace Pipeline.Kernels;

/// <summary>Which index of a stored matrix runs fastest.</summary>
public enum WeightOrientation
{
    /// <summary><c>[outputs, inputs]</c>, row-major: the layout of a Linear layer.</summary>
    OutputsByInputs,

    /// <summary><c>[inputs, outputs]</c>, row-major: the layout of Llama 4's fused experts (<c>x @ W</c>).</summary>
    InputsByOutputs,
}

/// <summary>One stored matrix: where its first element lies and how many elements part its rows.</summary>
/// <param name="Address">Address of the first element; need not be aligned.</param>
/// <param name="Stride">Elements from the start of a stored row to the start of the next; larger than a row
/// where a column range of a fused tensor is meant.</param>
public readonly record struct WeightPart(nint Address, long Stride);

/// <summary>
/// What a device needs to load a weight: a matrix, or one matrix an expert, of one format and orientation.
/// A vector (norm weight, bias) is a matrix of one output row: <c>Outputs = 1</c>, <c>Inputs = length</c>.
/// </summary>
/// <param name="Name">The checkpoint's name, for messages.</param>
/// <param name="Outputs">Length of the product's output row.</param>
/// <param name="Inputs">Length of the product's input row.</param>
/// <param name="Format">Format of each element.</param>
/// <param name="Orientation">Which index runs fastest.</param>
/// <param name="Parts">One entry, or one an expert.</param>
/// <param name="Owner">Keeps the memory mapped for as long as the weight is in use.</param>
/// <param name="Quantization">How the device is to hold it; only weights of products are quantized.</param>
public sealed record WeightSpec(
    string Name,
    int Outputs,
    int Inputs,
    NumberFormat Format,
    WeightOrientation Orientation,
    IReadOnlyList<WeightPart> Parts,
    object Owner,
    Quantization Quantization = Quantization.None)
{
    /// <summary>Number of elements over all parts.</summary>
    public long Count => (long)Outputs * Inputs * Parts.Count;

    /// <summary>Bytes that it takes on a device, and a product over all of it reads.</summary>
    public long LoadedBytes => BytesOf(Quantization, Format, (long)Outputs * Parts.Count, Inputs);

    /// <summary>Bytes that so many outputs take on a device.</summary>
    public static long BytesOf(Quantization quantization, NumberFormat format, long outputs, int inputs) => quantization == Quantization.None
        ? outputs * inputs * format.Size()
        : outputs * new QuantizedRows(quantization, inputs).RowBytes;
}
