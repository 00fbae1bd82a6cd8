using MessagePack;

namespace Pipeline.Cluster.Membership;

/// <summary>Where a node is in its life.</summary>
public enum NodePhase
{
    /// <summary>A member that does not serve yet.</summary>
    Joining,

    Ready,

    /// <summary>Hands its shards over and then goes.</summary>
    Leaving,

    /// <summary>The others cannot reach it; said by who looks, never by the node itself.</summary>
    Unreachable,
}

/// <summary>What a node tells all members about itself, on change and every <c>cluster.state-interval</c>.</summary>
/// <param name="Node"><c>host:port</c> of its control plane: its name.</param>
/// <param name="Incarnation">Differs between processes of one name.</param>
/// <param name="Sequence">Rises with each telling: an older one is dropped.</param>
/// <param name="DataHost">Where its data plane listens.</param>
/// <param name="DataPort">0 where it has no data plane.</param>
/// <param name="HeldBytes">Expert weights in memory now, those that are about to go included.</param>
/// <param name="Shards">Warm here and willingly served, ascending.</param>
/// <param name="Warming">Being loaded or waiting for room, ascending.</param>
/// <param name="RowsPerSecond">Expert rows computed, over the last <c>cluster.state-interval</c>.</param>
/// <param name="Problem">Why a shard cannot be loaded, or null.</param>
/// <param name="Refused">Shards that it could not load several times, ascending: they are placed elsewhere.</param>
[MessagePackObject]
public sealed record NodeState(
    [property: Key(0)] string Node,
    [property: Key(1)] int Incarnation,
    [property: Key(2)] long Sequence,
    [property: Key(3)] NodePhase Phase,
    [property: Key(4)] NodeRoles Roles,
    [property: Key(5)] string Digest,
    [property: Key(6)] string InstructionPath,
    [property: Key(7)] string DataHost,
    [property: Key(8)] int DataPort,
    [property: Key(9)] long MemoryBytes,
    [property: Key(10)] long HeldBytes,
    [property: Key(11)] int[] Shards,
    [property: Key(12)] int[] Warming,
    [property: Key(13)] double RowsPerSecond,
    [property: Key(14)] string? Problem,
    [property: Key(15)] int[] Refused) : IClusterMessage
{
    bool IClusterMessage.IsSound() =>
        Node is not null && Digest is not null && InstructionPath is not null && DataHost is not null
        && Enum.IsDefined(Phase) && (Roles & ~(NodeRoles.Engine | NodeRoles.Expert)) == NodeRoles.None
        && DataPort is >= 0 and <= ushort.MaxValue && MemoryBytes >= 0 && HeldBytes >= 0 && RowsPerSecond >= 0 && double.IsFinite(RowsPerSecond)
        && Sound.Shards(Shards) && Sound.Shards(Warming) && Sound.Shards(Refused);
}

/// <summary>A shard that no node serves now.</summary>
/// <param name="Bytes">Its weights.</param>
/// <param name="MissingBytes">Memory that expert nodes would have to advertise more; 0 where time alone will do.</param>
/// <param name="Reason">For messages: <c>the expert nodes have no room for it, 1.2 GB are missing</c>.</param>
[MessagePackObject]
public sealed record UnplacedShard(
    [property: Key(0)] int Shard, [property: Key(1)] long Bytes, [property: Key(2)] long MissingBytes, [property: Key(3)] string Reason)
{
    internal bool IsSound() => Sound.Shard(Shard) && Bytes >= 0 && MissingBytes >= 0 && Reason is not null;
}

/// <summary>A shard that fewer nodes serve than are to.</summary>
/// <param name="Copies">Nodes that have it warm; 1 at least.</param>
/// <param name="Wanted">As many as <c>experts.replicas</c> asks for.</param>
[MessagePackObject]
public sealed record ThinShard([property: Key(0)] int Shard, [property: Key(1)] int Copies, [property: Key(2)] int Wanted)
{
    internal bool IsSound() => Sound.Shard(Shard) && Copies >= 1 && Copies < Wanted && Sound.Replicas(Wanted);
}
