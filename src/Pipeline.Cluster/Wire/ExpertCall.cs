namespace Pipeline.Cluster.Wire;

/// <summary>
/// One request of an engine, until its first matching reply: rows of one layer for one shard. Made and read by the pass that asks;
/// while its exchange is under way, the members below the line are the table's.
/// </summary>
internal sealed class ExpertCall
{
    public int Layer { get; private set; }

    public int Shard { get; private set; }

    public int Rows { get; private set; }

    public int Assignments { get; private set; }

    /// <summary>The frame that is sent, the same to whoever it is sent.</summary>
    public WireBuffer Frame { get; private set; } = null!;

    /// <summary>Output row of each assignment; only the first <see cref="Assignments"/> count.</summary>
    public int[] Targets { get; private set; } = [];

    public ExpertExchange Exchange { get; private set; } = null!;

    // ---- the table's ----

    /// <summary>Never used twice.</summary>
    public long Id { get; set; }

    /// <summary>To whom it was sent, and not given up.</summary>
    public List<Attempt> Attempts { get; } = [];

    /// <summary>The frame that won; null until then.</summary>
    public WireBuffer? Reply { get; set; }

    public bool IsLive { get; set; }

    /// <summary>Timestamps of the table's clock.</summary>
    public long Began { get; set; }

    public long Deadline { get; set; }

    /// <summary>When it is sent again if there is no answer.</summary>
    public long ResendAt { get; set; }

    public int Resends { get; set; }

    /// <summary>When a host is looked for again; only where none has it.</summary>
    public long RetryAt { get; set; }

    /// <summary>What went wrong last, for messages.</summary>
    public string? Trouble { get; set; }

    public void Prepare(ExpertExchange exchange, int layer, int shard, int rows, int assignments, WireBuffer frame)
    {
        (Exchange, Layer, Shard, Rows, Assignments, Frame) = (exchange, layer, shard, rows, assignments, frame);
        if (Targets.Length < assignments)
        {
            Targets = new int[Math.Max(assignments, 2 * Targets.Length)];
        }

        (Resends, Trouble) = (0, null);
    }

    /// <summary>Gives both buffers back; the object may be used again.</summary>
    public void End()
    {
        Frame.Release();
        Reply?.Release();
        (Exchange, Frame, Reply) = (null!, null!, null);
    }
}
