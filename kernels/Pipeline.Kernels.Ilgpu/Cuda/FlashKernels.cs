using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Pipeline.Kernels;

/// <summary>
/// Sizes of attention in tiles. A set is the keys and values of one head, with all queries that share them: query q of a set is of row
/// q / <see cref="Group"/>, so that heads that share keys read them once.
/// </summary>
/// <param name="FirstRow">First row of the first set.</param>
/// <param name="Rows">Rows of a set; the next <paramref name="KvHeads"/> sets have the rows that follow.</param>
/// <param name="Heads">Query heads of a row.</param>
/// <param name="KvHeads">Key/value heads of a row.</param>
/// <param name="HeadSize">Elements of a head: a multiple of 8, at most <see cref="FlashTile.LongestHead"/>.</param>
/// <param name="Keys">Keys of a set, all of them seen by its last row.</param>
/// <param name="Causal">Not 0 where each row sees one key less than the next.</param>
/// <param name="FirstSet">First set of this launch.</param>
/// <param name="Sets">Sets of this launch.</param>
/// <param name="Scale">Factor on each score, in powers of two: softmax scale times log2(e).</param>
internal readonly record struct FlashShape(
    int FirstRow, int Rows, int Heads, int KvHeads, int HeadSize, int Keys, int Causal, int FirstSet, int Sets, float Scale)
{
    /// <summary>Query heads that share keys.</summary>
    public int Group => Heads / KvHeads;

    /// <summary>Queries of a set.</summary>
    public int Queries => Rows * Group;

    /// <summary>Elements of a packed key or value.</summary>
    public int Width => (HeadSize + FlashTile.Step - 1) & -FlashTile.Step;

    /// <summary>Packed keys of a set: whole tiles.</summary>
    public int PackedKeys => (Keys + FlashTile.Keys - 1) & -FlashTile.Keys;

    /// <summary>Keys that a query sees, from the first on.</summary>
    public int Seen(int query) => Causal == 0 ? Keys : Keys - Rows + 1 + (query / Group);

    /// <summary>First element of a query, and of what it yields.</summary>
    public long Element(int set, int query)
    {
        var row = FirstRow + ((long)(set / KvHeads) * Rows) + (query / Group);
        return ((row * Heads) + (set % KvHeads * Group) + (query % Group)) * HeadSize;
    }
}

/// <summary>Attention of many rows on the tensor cores, for CUDA only.</summary>
internal static class FlashKernels
{
    /// <summary>
    /// FlashAttention-2 (Dao, arXiv 2307.08691): one group a tile of queries, over tiles of keys in ascending order, so that a row's
    /// result does not depend on the rows beside it; but a value that is not a number shows in rows of its tile that do not see it. Sets
    /// lie along x, tiles of queries along y.
    /// </summary>
    /// <param name="query">Address of float32 [rows, heads, head size].</param>
    /// <param name="packed">Address of BF16: keys [sets, packed keys, width], then values.</param>
    /// <param name="output">Address of float32 as the queries.</param>
    public static void Attend(long query, long packed, long output, FlashShape shape)
    {
        CudaAsm.Emit(MatrixPtx.Declare);
        CudaAsm.Emit(FlashPtx.Declare);
        CudaAsm.Emit(MatrixPtx.Clear);
        CudaAsm.Emit(FlashPtx.Begin);
        var thread = Group.IdxX;
        var set = shape.FirstSet + Grid.IdxX;

        // The last queries see most keys, so their tile is begun first.
        var first = (Grid.DimY - 1 - Grid.IdxY) * FlashTile.Queries;
        var (upper, lower) = (first + FlashTile.Query(thread), first + FlashTile.Query(thread) + 8);
        var column = FlashTile.Column(thread);
        Queries(Address(query, set, upper, column, shape), Address(query, set, lower, column, shape), shape);

        // Chunks beyond a short head read its last.
        var width = shape.Width;
        var rowBytes = 2L * width;
        var chunk = 16 * MatrixKernels.Below(FlashTile.CopyChunk(thread), width / 8);
        var keys = packed + ((((long)Grid.IdxX * shape.PackedKeys) + FlashTile.CopyRow(thread)) * rowBytes) + chunk;
        var values = keys + ((long)shape.Sets * shape.PackedKeys * rowBytes);
        var copy = FlashTile.Chunk(FlashTile.CopyRow(thread), FlashTile.CopyChunk(thread));
        var keyPlace = FlashTile.KeyAddress(thread);
        var valuePlace = FlashTile.ValueAddress(thread);

        // A tile of keys and one of values are under way while another is multiplied; groups of no copies keep the count at the end.
        var allSeen = shape.Seen(first);
        var end = shape.Seen(MatrixKernels.Below(first + FlashTile.Queries - 1, shape.Queries));
        var (keyStage, valueStage, nextStage) = (0, FlashTile.StageBytes, 2 * FlashTile.StageBytes);
        Copy(copy + keyStage, keys, rowBytes);
        CudaAsm.Emit(MatrixPtx.Commit);
        Copy(copy + valueStage, values, rowBytes);
        CudaAsm.Emit(MatrixPtx.Commit);
        for (var key = 0; key < end; key += FlashTile.Keys)
        {
            keys += FlashTile.Keys * rowBytes;
            values += FlashTile.Keys * rowBytes;
            CudaAsm.Emit(MatrixPtx.Wait);
            if (key + FlashTile.Keys < end)
            {
                Copy(copy + nextStage, keys, rowBytes);
            }

            CudaAsm.Emit(MatrixPtx.Commit);
            Scores(keyPlace + keyStage, width);
            if (key + FlashTile.Keys > allSeen)
            {
                CudaAsm.Emit(FlashPtx.Mask, shape.Seen(upper) - key - column, shape.Seen(lower) - key - column);
            }

            CudaAsm.Emit(FlashPtx.Peak);
            CudaAsm.Emit(FlashPtx.Weights);
            CudaAsm.Emit(FlashPtx.Scale);
            CudaAsm.Emit(MatrixPtx.Wait);
            if (key + FlashTile.Keys < end)
            {
                Copy(copy + keyStage, values, rowBytes);
            }

            CudaAsm.Emit(MatrixPtx.Commit);
            Values(valuePlace + valueStage, width);
            (keyStage, valueStage, nextStage) = (nextStage, keyStage, valueStage);
        }

        CudaAsm.Emit(FlashPtx.Finish);
        CudaAsm.Emit(FlashPtx.Scale);
        CudaAsm.Emit(FlashPtx.StoreUpper, Address(output, set, upper, column, shape), upper < shape.Queries ? shape.HeadSize : 0);
        CudaAsm.Emit(FlashPtx.StoreLower, Address(output, set, lower, column, shape), lower < shape.Queries ? shape.HeadSize : 0);
    }

    /// <summary>Where a thread's first element of a query lies; queries beyond the last are the last.</summary>
    private static long Address(long rows, int set, int query, int column, FlashShape shape) =>
        rows + (sizeof(float) * (shape.Element(set, MatrixKernels.Below(query, shape.Queries)) + column));

    /// <summary>A thread's part of its queries, scaled and rounded.</summary>
    private static void Queries(long upper, long lower, FlashShape shape)
    {
        Query(upper, lower, 0, shape);
        CudaAsm.Emit(FlashPtx.Keep0);
        Query(upper, lower, 16, shape);
        CudaAsm.Emit(FlashPtx.Keep1);
        Query(upper, lower, 32, shape);
        CudaAsm.Emit(FlashPtx.Keep2);
        Query(upper, lower, 48, shape);
        CudaAsm.Emit(FlashPtx.Keep3);
        Query(upper, lower, 64, shape);
        CudaAsm.Emit(FlashPtx.Keep4);
        Query(upper, lower, 80, shape);
        CudaAsm.Emit(FlashPtx.Keep5);
        Query(upper, lower, 96, shape);
        CudaAsm.Emit(FlashPtx.Keep6);
        Query(upper, lower, 112, shape);
        CudaAsm.Emit(FlashPtx.Keep7);
    }

    private static void Query(long upper, long lower, int element, FlashShape shape)
    {
        var at = sizeof(float) * element;
        CudaAsm.Emit(FlashPtx.Query, upper + at, lower + at, shape.Scale, shape.HeadSize - element);
    }

    /// <summary>Scores of a tile of keys.</summary>
    private static void Scores(int place, int width)
    {
        CudaAsm.Emit(FlashPtx.Clear);
        CudaAsm.Emit(FlashPtx.Take0);
        CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(0));
        CudaAsm.Emit(FlashPtx.Take1);
        CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(1));
        if (width > FlashTile.Step)
        {
            CudaAsm.Emit(FlashPtx.Take2);
            CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(2));
            CudaAsm.Emit(FlashPtx.Take3);
            CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(3));
        }

        if (width > 2 * FlashTile.Step)
        {
            CudaAsm.Emit(FlashPtx.Take4);
            CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(4));
            CudaAsm.Emit(FlashPtx.Take5);
            CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(5));
        }

        if (width > 3 * FlashTile.Step)
        {
            CudaAsm.Emit(FlashPtx.Take6);
            CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(6));
            CudaAsm.Emit(FlashPtx.Take7);
            CudaAsm.Emit(FlashPtx.Scores, place ^ FlashTile.Elements(7));
        }
    }

    /// <summary>Adds a tile of values.</summary>
    private static void Values(int place, int width)
    {
        CudaAsm.Emit(FlashPtx.Values0, place ^ FlashTile.Elements(0), place ^ FlashTile.Elements(1));
        if (width > FlashTile.Step)
        {
            CudaAsm.Emit(FlashPtx.Values1, place ^ FlashTile.Elements(2), place ^ FlashTile.Elements(3));
        }

        if (width > 2 * FlashTile.Step)
        {
            CudaAsm.Emit(FlashPtx.Values2, place ^ FlashTile.Elements(4), place ^ FlashTile.Elements(5));
        }

        if (width > 3 * FlashTile.Step)
        {
            CudaAsm.Emit(FlashPtx.Values3, place ^ FlashTile.Elements(6), place ^ FlashTile.Elements(7));
        }
    }

    /// <summary>Copies a thread's chunks of a tile.</summary>
    private static void Copy(int place, long source, long rowBytes)
    {
        var further = source + (8 * rowBytes);
        CudaAsm.Emit(MatrixPtx.Copy, place, source, source + (16 * rowBytes), source + (32 * rowBytes), source + (48 * rowBytes));
        CudaAsm.Emit(
            MatrixPtx.Copy, place + (8 * FlashTile.RowBytes), further, further + (16 * rowBytes), further + (32 * rowBytes), further + (48 * rowBytes));
    }
}
