namespace Pipeline.Kernels;

/// <summary>
/// How a quantized weight lies in memory, on every device: a row an output, its blocks' whole numbers one after the other, then their
/// scales, then zeros up to 64 bytes. Rows of a part follow each other, and so do parts, whatever the orientation of what was stored.
/// </summary>
/// <param name="Quantization">Not none.</param>
/// <param name="Inputs">Length of a row; the last block is filled up with zeros.</param>
internal readonly unsafe record struct QuantizedRows(Quantization Quantization, int Inputs)
{
    /// <summary>Outputs that are read together from a matrix that lies as [inputs, outputs]: what one of its cache lines holds.</summary>
    private const int Together = 32;

    private const int Alignment = 64;

    public int Blocks => (Inputs + QuantizedBlock.Size - 1) / QuantizedBlock.Size;

    /// <summary>Where the scales begin in a row.</summary>
    public int ScaleOffset => Blocks * QuantizedBlock.CodeBytes(Quantization);

    public int RowBytes => (ScaleOffset + (Blocks * QuantizedBlock.ScaleBytes) + Alignment - 1) & -Alignment;

    /// <summary>Quantizes rows of a part from output <paramref name="first"/> on, straight from where it is stored.</summary>
    /// <param name="target">Memory of <paramref name="rows"/> times <see cref="RowBytes"/>.</param>
    /// <exception cref="PipelineException">A number is infinite or none at all.</exception>
    public void Pack(WeightSpec spec, int part, int first, int rows, byte* target)
    {
        new Span<byte>(target, rows * RowBytes).Clear();
        var together = spec.Orientation == WeightOrientation.OutputsByInputs ? 1 : Together;
        for (var chunk = 0; chunk < rows; chunk += together)
        {
            for (var block = 0; block < Blocks; block++)
            {
                for (var row = chunk; row < Math.Min(rows, chunk + together); row++)
                {
                    PackBlock(spec, part, first + row, block, target + ((long)row * RowBytes));
                }
            }
        }
    }

    private void PackBlock(WeightSpec spec, int part, int output, int block, byte* row)
    {
        var values = stackalloc float[QuantizedBlock.Size];
        WeightReader.Block(spec, part, output, block * QuantizedBlock.Size, new Span<float>(values, QuantizedBlock.Size));
        var codes = row + (block * QuantizedBlock.CodeBytes(Quantization));
        if (!QuantizedBlock.TryEncode(Quantization, values, codes, out ((ushort*)(row + ScaleOffset))[block]))
        {
            throw new PipelineException(
                "device.quantize",
                $"{spec.Name}: holds a number that is not finite, which {Quantization} cannot",
                "set pipeline.device.quantize = none, or fetch the checkpoint anew");
        }
    }
}
