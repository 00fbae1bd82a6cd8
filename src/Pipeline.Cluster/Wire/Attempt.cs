namespace Pipeline.Cluster.Wire;

internal enum AttemptState
{
    /// <summary>Waits for its turn on the connection, or for a connection.</summary>
    Queued,

    /// <summary>The connection's writer is at it.</summary>
    Sending,

    /// <summary>Sent, or with this node's own store.</summary>
    Sent,

    /// <summary>The host said that it cannot: another is looked for.</summary>
    Refused,
}

/// <summary>
/// A call's way to one host. It leaves the call when the call ends or the connection is lost; the object is free again when it is
/// also out of the connection's queue and its writer's hands.
/// </summary>
internal sealed class Attempt
{
    /// <summary>Null when nobody waits for it any more.</summary>
    public ExpertCall? Call { get; set; }

    public NodeLink Link { get; set; } = null!;

    /// <summary>The call's frame; who reads it beside the call holds it.</summary>
    public WireBuffer Frame { get; set; } = null!;

    public AttemptState State { get; set; }

    /// <summary>The host said that it cannot while the writer was at it.</summary>
    public bool RefusedMeanwhile { get; set; }

    /// <summary>Bytes of the request and of its reply.</summary>
    public long Bytes { get; set; }

    public long SentAt { get; set; }
}
