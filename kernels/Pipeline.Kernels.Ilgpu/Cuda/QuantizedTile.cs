namespace Pipeline.Kernels;

/// <summary>
/// Which numbers of a quantized step a thread turns into BF16: of one output 16 inputs, two chunks of a <see cref="MatrixTile"/>'s row.
/// A step is as long as a block.
/// </summary>
internal static class QuantizedTile
{
    public static int Output(int thread) => thread >> 1;

    /// <summary>Byte of the block at which a thread reads 16: INT4 keeps both halves of a block in the same bytes.</summary>
    public static int CodeOffset(int thread, int format) => format == StoredShape.Int8 ? (thread & 1) << 4 : 0;

    /// <summary>Bits by which INT4's bytes are shifted.</summary>
    public static int Shift(int thread) => (thread & 1) << 2;

    /// <summary>Byte of a stage to which the thread's first or second 8 numbers go.</summary>
    public static int Place(int thread, int chunk) => MatrixTile.PartBytes + MatrixTile.Chunk(Output(thread), ((thread & 1) << 1) + chunk);
}
