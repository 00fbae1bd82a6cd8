namespace Pipeline.Cluster.Wire;

internal enum LinkState
{
    /// <summary>No connection, and none is being made.</summary>
    Idle,

    Connecting,

    Open,

    /// <summary>Could not be reached: left alone for a while.</summary>
    Resting,
}

/// <summary>What an engine knows about one host, and what waits to be sent there. All of it is the table's, under its lock.</summary>
internal sealed class NodeLink(ExpertHost host)
{
    private readonly Queue<Attempt> _urgent = new();
    private readonly Queue<Attempt> _patient = new();

    /// <summary>Requests that it was sent and need not answer: no more than were outstanding.</summary>
    private readonly Queue<long> _cancelled = new();

    public ExpertHost Host => host;

    public bool IsLocal => ReferenceEquals(host, ExpertHost.Local);

    public LinkState State { get; set; }

    /// <summary>The connection of now; one that was lost is none any more, whatever it still says.</summary>
    public ClientConnection? Connection { get; set; }

    /// <summary>Bytes of requests sent and replies awaited.</summary>
    public long Outstanding { get; set; }

    /// <summary>When it last said something, or began to be asked.</summary>
    public long HeardAt { get; set; }

    /// <summary>It should have said something by now: others are asked first.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Until then it is taken for slow, as another had to be asked in its stead: others are asked first.</summary>
    public long SlowUntil { get; set; }

    public bool WantsPing { get; set; }

    /// <summary>Whether the connection of now has answered anything.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>Connections in a row that failed or never answered.</summary>
    public int Failures { get; set; }

    public long RestUntil { get; set; }

    /// <summary>When it last had anything to do.</summary>
    public long UsedAt { get; set; }

    /// <summary>Why it could not be reached, for messages.</summary>
    public string? Trouble { get; set; }

    public void Enqueue(Attempt attempt, bool urgent) => (urgent ? _urgent : _patient).Enqueue(attempt);

    public void Cancel(long id) => _cancelled.Enqueue(id);

    public bool TryTakeCancelled(out long id) => _cancelled.TryDequeue(out id);

    /// <summary>A new connection: what was sent over the former one is forgotten there.</summary>
    public void ForgetCancelled() => _cancelled.Clear();

    /// <summary>The next in turn, dead or alive.</summary>
    public bool TryPeek(out Attempt attempt) => _urgent.TryPeek(out attempt!) || _patient.TryPeek(out attempt!);

    /// <summary>Takes out what <see cref="TryPeek"/> showed.</summary>
    public void Dequeue() => _ = _urgent.TryDequeue(out _) || _patient.TryDequeue(out _);
}
