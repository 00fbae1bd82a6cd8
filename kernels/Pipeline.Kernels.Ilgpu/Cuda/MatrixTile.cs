namespace Pipeline.Kernels;

/// <summary>
/// Where everything of the tiled product lies: a tile of 128 rows by 128 outputs, 32 elements of the inputs at a time, by 8 warps of
/// 64 x 32. A row of a tile is 64 bytes of BF16 in 4 chunks, whose places are exchanged by the row, so that 8 rows read together
/// meet different banks. Kernels and the tests that walk the fragments on the host share these.
/// </summary>
internal static class MatrixTile
{
    public const int Rows = 128;
    public const int Outputs = 128;
    public const int Threads = 256;

    /// <summary>Inputs of a step.</summary>
    public const int Step = 32;

    /// <summary>Bytes of a row of a step.</summary>
    public const int RowBytes = 64;

    /// <summary>Bytes of the rows' part of a stage; the outputs' part follows and is as large.</summary>
    public const int PartBytes = Rows * RowBytes;

    public const int StageBytes = 2 * PartBytes;

    public const int Stages = 3;

    /// <summary>Byte of a chunk of 16 in its part.</summary>
    public static int Chunk(int row, int chunk) => (row * RowBytes) + ((chunk ^ ((row >> 1) & 3)) << 4);

    /// <summary>The row that a thread copies; it also copies the row 64 further.</summary>
    public static int CopyRow(int thread) => thread >> 2;

    public static int CopyChunk(int thread) => thread & 3;

    /// <summary>The first row of a warp's 64.</summary>
    public static int WarpRow(int thread) => ((thread >> 5) & 1) * 64;

    /// <summary>The first output of a warp's 32.</summary>
    public static int WarpOutput(int thread) => (thread >> 6) * 32;

    /// <summary>Byte that a thread points ldmatrix.x4 at for 16 rows by 16 inputs; 16 rows further are 1024 bytes further.</summary>
    public static int RowAddress(int thread) => Chunk(WarpRow(thread) + (thread & 15), (thread & 31) >> 4);

    /// <summary>Byte that a thread points ldmatrix.x4 at for 16 outputs by 16 inputs; 16 outputs further are 1024 bytes further.</summary>
    public static int OutputAddress(int thread) =>
        PartBytes + Chunk(WarpOutput(thread) + (thread & 7) + (((thread >> 4) & 1) << 3), (thread >> 3) & 1);

    /// <summary>Flips between the two halves of 16 inputs of a step.</summary>
    public const int OtherHalf = 32;

    /// <summary>Row of a thread's first pair of sums in a fragment of 16 x 8; the second pair lies 8 rows further.</summary>
    public static int SumRow(int thread) => WarpRow(thread) + ((thread & 31) >> 2);

    /// <summary>First output of a thread's pairs in a fragment; the next fragment lies 8 outputs further.</summary>
    public static int SumOutput(int thread) => WarpOutput(thread) + ((thread & 3) << 1);
}
