using System.Diagnostics;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// A request that came over a connection. It has one owner at a time, in this order: the connection's reader, the store, the
/// connection's writer. The last gives it back, with both buffers.
/// </summary>
internal sealed class IncomingRequest : ExpertRequest
{
    private ListenerConnection _connection = null!;
    private WireBuffer _frame = null!;
    private WireBuffer _reply = null!;
    private FrameHeader _header;
    private long _arrived;
    private int _answered;
    private volatile bool _cancelled;

    public override int Layer => _header.Layer;

    public override int Shard => _header.Shard;

    public override int Rows => _header.Rows;

    public override bool Urgent => _header.Detail != 0;

    public override ReadOnlySpan<float> Input => RequestLayout.Input(_frame, _header.Assignments);

    public override ReadOnlySpan<ExpertAssignment> Assignments => RequestLayout.Assignments(_frame, _header.Assignments);

    public override Span<float> Output => RequestLayout.Output(_reply);

    public override bool IsWanted => !_cancelled && !_connection.IsClosed;

    public long Id => _header.Id;

    /// <summary>Where the assignments and rows go.</summary>
    public Memory<byte> Payload => _frame.Memory[FrameHeader.Bytes..];

    /// <summary>Bytes that the node holds for it.</summary>
    public long Bytes { get; private set; }

    /// <summary>What goes back: with rows, or the head alone.</summary>
    public ReadOnlyMemory<byte> Answer => _reply.Memory[..(FrameHeader.Bytes + _answered)];

    public void Begin(ListenerConnection connection, in FrameHeader header, WireBuffer frame, WireBuffer reply)
    {
        _connection = connection;
        _header = header;
        _frame = frame;
        _reply = reply;
        _arrived = Stopwatch.GetTimestamp();
        _cancelled = false;
        Bytes = (long)frame.Length + reply.Length;
    }

    /// <summary>The engine does not wait for it any more.</summary>
    public void Cancel() => _cancelled = true;

    public override void Complete(ExpertOutcome outcome)
    {
        _answered = outcome == ExpertOutcome.Done ? _reply.Length - FrameHeader.Bytes : 0;
        var head = ReplyTimes.Of(this, _arrived) with
        {
            Detail = (byte)outcome,
            Id = Id,
            Layer = Layer,
            Shard = Shard,
            Assignments = _answered > 0 ? _header.Assignments : 0,
            Payload = _answered,
        };
        head.Write(_reply.Span);
        _connection.Answered(this);
    }

    /// <summary>Gives back both buffers; the object may be used again.</summary>
    public void End()
    {
        _frame.Release();
        _reply.Release();
        (_connection, _frame, _reply) = (null!, null!, null!);
    }
}
