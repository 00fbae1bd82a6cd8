using System.Diagnostics;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// A call on its way through this node's own store. It holds the call's frame and its own reply until the store completes it,
/// whatever has become of the call meanwhile.
/// </summary>
internal sealed class LocalRequest : ExpertRequest
{
    private readonly Action<ExpertRequest> _enqueue;
    private readonly Recycler<LocalRequest> _recycler;
    private CallTable _table = null!;
    private NodeLink _link = null!;
    private WireBuffer _frame = null!;
    private WireBuffer _reply = null!;
    private long _id;
    private long _began;
    private int _layer;
    private int _shard;
    private int _rows;
    private int _assignments;
    private bool _urgent;

    public LocalRequest(Action<ExpertRequest> enqueue, Recycler<LocalRequest> recycler)
    {
        (_enqueue, _recycler) = (enqueue, recycler);
        Submit = () => _enqueue(this);
    }

    /// <summary>Hands it to the store.</summary>
    public Action Submit { get; }

    public override int Layer => _layer;

    public override int Shard => _shard;

    public override int Rows => _rows;

    public override bool Urgent => _urgent;

    public override ReadOnlySpan<float> Input => RequestLayout.Input(_frame, _assignments);

    public override ReadOnlySpan<ExpertAssignment> Assignments => RequestLayout.Assignments(_frame, _assignments);

    public override Span<float> Output => RequestLayout.Output(_reply);

    public override bool IsWanted => _table.IsLive(_id);

    public void Begin(CallTable table, NodeLink link, ExpertCall call, WireBuffer reply)
    {
        call.Frame.Hold();
        (_table, _link, _frame, _reply) = (table, link, call.Frame, reply);
        (_id, _layer, _shard, _rows, _assignments) = (call.Id, call.Layer, call.Shard, call.Rows, call.Assignments);
        _urgent = call.Exchange.Urgent;
        _began = Stopwatch.GetTimestamp();
    }

    public override void Complete(ExpertOutcome outcome)
    {
        var header = ReplyTimes.Of(this, _began) with { Id = _id, Detail = (byte)outcome, Assignments = _assignments };
        var (table, link, frame, reply) = (_table, _link, _frame, _reply);
        (_table, _link, _frame, _reply) = (null!, null!, null!, null!);
        _recycler.Give(this);
        frame.Release();
        if (outcome != ExpertOutcome.Done)
        {
            reply.Release();
            reply = null;
        }

        table.Answer(link, connection: null, header, reply);
    }
}
