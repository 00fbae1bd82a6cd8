using Pipeline.Engine;
using Pipeline.Server;

namespace Pipeline.Composition;

/// <summary>What a node tells about itself, from its start on: parts appear as they are there.</summary>
internal sealed class NodeStatus(DeviceLanes lanes) : INodeHealth
{
    private volatile ClusterMember? _member;
    private volatile CaptionEngine? _engine;

    public ClusterMember? Member
    {
        get => _member;
        set => _member = value;
    }

    public string? Dead =>
        lanes.Failed.IsCompletedSuccessfully ? lanes.Failed.Result.Message
        : Member is { Node.Downed.IsCompleted: true } ? "the cluster has removed this node"
        : null;

    public IReadOnlyList<MissingPart> Missing => Member switch
    {
        null => [new MissingPart("cluster", "has not joined yet")],
        { Client: not null } when _engine is null => [new MissingPart("model", "is being loaded")],
        { } member => [.. member.Node.Unplaced.Select(shard =>
            new MissingPart("shard", $"shard {shard.Shard} has no place: {shard.Reason}", shard.Shard, shard.MissingBytes))],
    };

    public EngineCounts? Engine => _engine is { } engine && Member is { Client: { } client } ? EngineCounts.Of(engine, client.Meters.Resends) : null;

    public ExpertCounts? Experts => Member is { Store: { } store, Listener: { } listener }
        ? new ExpertCounts(store.RowsComputed, store.Batches, store.Held.Count, store.HeldBytes, listener.Meters.Broken)
        : null;

    public ClusterCounts? Cluster => Member is { } member ? new ClusterCounts(member.Node.Nodes.Count, member.Node.Unplaced.Count) : null;

    /// <summary>The engine serves from now on.</summary>
    public void Serve(CaptionEngine engine) => _engine = engine;
}
