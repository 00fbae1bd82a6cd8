using Pipeline.Engine.Decoding;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Scheduling;

/// <summary>
/// <code>
/// Waiting --admitted--> Prefill --whole prompt committed--> Decode --closed--> Closed
///    \________________________closed (at once, or when its run is done)_______/
/// </code>
/// </summary>
internal enum SessionPhase
{
    Waiting,
    Prefill,
    Decode,
    Closed,
}

/// <summary>One sequence: its KV pages, the prompt rows that wait, and how far it is committed. Plain data of the scheduler.</summary>
internal class Session(long id, int promptTokens, DecodeSettings settings, IReadOnlyList<int> promptIds)
{
    private readonly int[][] _pages = [[], []];
    private TokenHistory? _history;

    public long Id { get; } = id;

    /// <summary>Tokens of the whole planned prompt, visual ones included.</summary>
    public int PromptTokens { get; } = promptTokens;

    public int MaxTokens => Settings.MaxTokens;

    public DecodeSettings Settings { get; } = settings;

    /// <summary>What penalties look at; made when first asked for.</summary>
    public TokenHistory History => _history ??= new TokenHistory(promptIds);

    public SessionPhase Phase { get; set; }

    /// <summary>Positions whose keys and values are committed.</summary>
    public int Committed { get; set; }

    /// <summary>The token that the next decode step takes as input, at position <see cref="Committed"/>.</summary>
    public int LastToken { get; set; }

    public int Generated { get; set; }

    /// <summary>Segments not yet wholly handed to a run.</summary>
    public Queue<Segment> Pending { get; } = new();

    /// <summary>Rows of <see cref="Pending"/> not yet handed to a run.</summary>
    public int PendingRows { get; set; }

    /// <summary>Rows of the first pending segment that were handed to a run.</summary>
    public int SegmentOffset { get; set; }

    /// <summary>Rows handed over since the session began: the position of the next one.</summary>
    public int Handed { get; set; }

    /// <summary>Prompt rows appended so far.</summary>
    public int Appended { get; set; }

    /// <summary>A run holds rows of it: pages may not be freed before it is done.</summary>
    public bool InRun { get; set; }

    /// <summary>The asker is gone or has enough.</summary>
    public bool Closing { get; set; }

    /// <summary>Page table by kind of attention.</summary>
    public int[] Pages(AttentionKind kind) => _pages[(int)kind];

    public void SetPages(AttentionKind kind, int[] pages) => _pages[(int)kind] = pages;
}
