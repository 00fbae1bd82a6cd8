namespace Pipeline.Kernels;

/// <summary>
/// Where everything of attention on the tensor cores lies: a tile of 64 queries, 16 a warp, by 64 keys. A key's or value's row is 256 bytes
/// of BF16 in 16 chunks, whose places are exchanged by the row, so that 8 rows read together meet different banks. Kernels and the
/// tests that walk them on the host share these.
/// </summary>
internal static class FlashTile
{
    public const int Queries = 64;
    public const int Keys = 64;
    public const int Threads = 128;

    /// <summary>Groups that a multiprocessor is to hold: 168 registers a thread, 48 KiB of shared memory each.</summary>
    public const int Groups = 3;

    /// <summary>Elements of the longest head.</summary>
    public const int LongestHead = 128;

    /// <summary>Elements of a head that are multiplied together: shorter heads end with zeros.</summary>
    public const int Step = 32;

    public const int RowBytes = 2 * LongestHead;

    /// <summary>Bytes of a tile of keys or of values; three of them share what <see cref="MatrixTile"/>'s stages take.</summary>
    public const int StageBytes = Keys * RowBytes;

    /// <summary>Byte of a chunk of 16 in its tile.</summary>
    public static int Chunk(int row, int chunk) => (row * RowBytes) + ((chunk ^ (row & 7)) << 4);

    /// <summary>The first row that a thread copies; it copies every 8th from there on.</summary>
    public static int CopyRow(int thread) => thread >> 4;

    public static int CopyChunk(int thread) => thread & 15;

    /// <summary>Byte that a thread points ldmatrix.x4 at for 16 keys by 16 elements; 16 keys further are 4096 bytes further.</summary>
    public static int KeyAddress(int thread) => Chunk((thread & 7) + (((thread >> 4) & 1) << 3), (thread >> 3) & 1);

    /// <summary>The same for values, which ldmatrix.x4.trans reads: elements by keys.</summary>
    public static int ValueAddress(int thread) => Chunk(thread & 15, (thread & 31) >> 4);

    /// <summary>What a place is flipped by to come to the 16 elements of that number.</summary>
    public static int Elements(int number) => number << 5;

    /// <summary>The first of a thread's two queries; the other is 8 further.</summary>
    public static int Query(int thread) => ((thread >> 5) << 4) + ((thread & 31) >> 2);

    /// <summary>First column of a thread's pairs in a fragment of 16 x 8, of keys or of elements; the next fragment lies 8 further.</summary>
    public static int Column(int thread) => (thread & 3) << 1;
}
