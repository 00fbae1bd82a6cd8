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
/// <param name="DataPort">Of its data plane, on the host of its name; 0 where it has none.</param>
/// <param name="HeldBytes">Expert weights in memory now, those that are about to go included.</param>
/// <param name="Shards">Warm here and willingly served, ascending.</param>
/// <param name="Warming">Being loaded or waiting for room, ascending.</param>
/// <param name="RowsPerSecond">Expert rows computed, over the last seconds.</param>
/// <param name="Problem">Why a shard cannot be loaded, or null.</param>
public sealed record NodeState(
    string Node,
    long Incarnation,
    long Sequence,
    NodePhase Phase,
    NodeRoles Roles,
    string Digest,
    string InstructionPath,
    string DataHost,
    int DataPort,
    long MemoryBytes,
    long HeldBytes,
    int[] Shards,
    int[] Warming,
    double RowsPerSecond,
    string? Problem);

/// <summary>A shard that no node serves now.</summary>
/// <param name="Bytes">Its weights.</param>
/// <param name="MissingBytes">Memory that expert nodes would have to advertise more; 0 where time alone will do.</param>
/// <param name="Reason">One phrase for messages: <c>no expert node has room: 1.2 GB are missing</c>.</param>
public sealed record UnplacedShard(int Shard, long Bytes, long MissingBytes, string Reason);
