namespace Pipeline.Kernels;

/// <summary>A row's role: fixes kernel family and order of summation together with the weight and the instruction path.</summary>
public enum RowRole : byte
{
    /// <summary>The position lies in the session's prompt.</summary>
    Prompt,

    /// <summary>The position was generated (or is replayed).</summary>
    Generated,
}

/// <summary>Which layers a KV pool and a page table serve.</summary>
public enum AttentionKind
{
    /// <summary>A query sees the keys of its own chunk (<c>key / chunk == query / chunk</c>).</summary>
    Chunked,

    /// <summary>A query sees all keys before it.</summary>
    Full,
}

/// <summary>
/// All that changes from step to step, as plain arrays filled by the host and uploaded once a step.
/// Arrays are made once at their capacity; <see cref="Rows"/>, <see cref="Sequences"/>, <see cref="VisualRows"/> and
/// <see cref="Outputs"/> say how much of them counts.
/// </summary>
public sealed class StepTable
{
    private readonly int[][] _pages;
    private readonly int[][] _pageOffsets;

    /// <param name="rows">Most rows of a step.</param>
    /// <param name="sequences">Most sequences of a step.</param>
    /// <param name="pages">Most page-table entries of a step, for each kind of attention.</param>
    /// <param name="pairs">Rotated pairs of a head (half the head size).</param>
    public StepTable(int rows, int sequences, int pages, int pairs)
    {
        Pairs = pairs;
        TokenIds = new int[rows];
        Positions = new int[rows];
        RowSequences = new int[rows];
        Roles = new RowRole[rows];
        QueryScales = new float[rows];
        Cosines = new float[(long)rows * pairs];
        Sines = new float[(long)rows * pairs];
        VisualTargets = new int[rows];
        OutputRows = new int[rows];
        _pages = [new int[pages], new int[pages]];
        _pageOffsets = [new int[sequences], new int[sequences]];
    }

    /// <summary>Rotated pairs of a head.</summary>
    public int Pairs { get; }

    /// <summary>Rows of this step.</summary>
    public int Rows { get; set; }

    /// <summary>Sequences of this step.</summary>
    public int Sequences { get; set; }

    /// <summary>Rows whose embedding is a visual token: entries of <see cref="VisualTargets"/>.</summary>
    public int VisualRows { get; set; }

    /// <summary>Rows whose logits are wanted: entries of <see cref="OutputRows"/>.</summary>
    public int Outputs { get; set; }

    /// <summary>Token id of each row; negative where a visual token is scattered in.</summary>
    public int[] TokenIds { get; }

    /// <summary>Absolute position of each row in its sequence, from 0.</summary>
    public int[] Positions { get; }

    /// <summary>Index of each row's sequence in this step.</summary>
    public int[] RowSequences { get; }

    public RowRole[] Roles { get; }

    /// <summary>Factor on the query of layers that tune their temperature; 1 elsewhere.</summary>
    public float[] QueryScales { get; }

    /// <summary>Cosines <c>[rows, pairs]</c> of each row's rotation, computed by the host in double.</summary>
    public float[] Cosines { get; }

    /// <summary>Sines <c>[rows, pairs]</c>.</summary>
    public float[] Sines { get; }

    /// <summary>Row i of the visual buffer goes to this row.</summary>
    public int[] VisualTargets { get; }

    /// <summary>Row i of the output buffer comes from this row.</summary>
    public int[] OutputRows { get; }

    /// <summary>Page-table entries of all sequences, for one kind of attention.</summary>
    public int[] Pages(AttentionKind kind) => _pages[(int)kind];

    /// <summary>Where each sequence's page table begins in <see cref="Pages"/>: entry p holds positions [p*page, (p+1)*page); -1 = freed.</summary>
    public int[] PageOffsets(AttentionKind kind) => _pageOffsets[(int)kind];
}
