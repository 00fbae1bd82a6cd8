using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>What a request must be before anything is done with it. Whoever breaks a rule is disconnected.</summary>
internal sealed class RequestRules(ShardTable table, WireIdentity identity)
{
    private readonly RequestLayout _layout = new(identity.Hidden);

    /// <summary>Checks a request's head alone, before memory is rented for it. Returns the bytes of its reply.</summary>
    /// <exception cref="FrameException">A rule is broken.</exception>
    public long ReplyBytes(in FrameHeader header)
    {
        var request = _layout.RequestBytes(header.Rows, header.Assignments);
        var reply = _layout.ReplyBytes(header.Assignments);
        return header.Kind == FrameKind.Request
            && header.Detail <= 1
            && header.Rows > 0
            && header.Assignments >= header.Rows
            && header.Assignments <= (long)header.Rows * identity.Slots
            && header.Layer < table.Layers
            && header.Shard < table.Shards
            && request == FrameHeader.Bytes + (long)header.Payload
            && request <= identity.FrameBytes
            && reply <= identity.FrameBytes
            ? reply
            : throw new FrameException("a request's head says the impossible");
    }

    /// <summary>Checks a request's assignments: rows ascending and none without, experts of the request's layer and shard.</summary>
    /// <exception cref="FrameException">A rule is broken.</exception>
    public void Check(ExpertRequest request)
    {
        var shardOf = table.Layer(request.Layer);
        var (row, slots) = (-1, 0);
        foreach (var assignment in request.Assignments)
        {
            (row, slots) = assignment.Row == row + 1 ? (row + 1, 1) : (row, slots + 1);
            if (assignment.Row != row
                || slots > identity.Slots
                || (uint)assignment.Expert >= (uint)shardOf.Length
                || shardOf[assignment.Expert] != request.Shard)
            {
                throw new FrameException("a request's assignments say the impossible");
            }
        }

        if (row != request.Rows - 1)
        {
            throw new FrameException("a request holds rows that no expert is asked for");
        }
    }
}
