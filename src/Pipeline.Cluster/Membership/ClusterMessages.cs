using MessagePack;

namespace Pipeline.Cluster.Membership;

/// <summary>Crosses between nodes over Akka.Remote; <see cref="ClusterMessageSerializer"/> knows every such type.</summary>
internal interface IClusterMessage
{
    /// <summary>Whether all that it says is possible: nothing is missing, and counts and shards are in their ranges.</summary>
    bool IsSound();
}

/// <summary>A process that wants to join asks a member, before it becomes one.</summary>
/// <param name="Protocol"><see cref="ClusterProtocol.Version"/> of the asker; stays the first field for ever.</param>
[MessagePackObject]
internal sealed record Hello(
    [property: Key(0)] int Protocol, [property: Key(1)] string Node, [property: Key(2)] string Digest) : IClusterMessage
{
    bool IClusterMessage.IsSound() => Node is not null && Digest is not null;
}

/// <summary>Come in.</summary>
/// <param name="ShardMap">As <see cref="Shards.ShardMap.Encode"/> wrote it.</param>
/// <param name="Replicas">Copies of each shard: all nodes want as many, whichever of them is the coordinator.</param>
[MessagePackObject]
internal sealed record Welcome([property: Key(0)] byte[] ShardMap, [property: Key(1)] int Replicas) : IClusterMessage
{
    bool IClusterMessage.IsSound() => ShardMap is not null && Sound.Replicas(Replicas);
}

/// <summary>You are not one of us.</summary>
/// <param name="Reason">Names both sides and what differs.</param>
[MessagePackObject]
internal sealed record Refused([property: Key(0)] string Reason) : IClusterMessage
{
    bool IClusterMessage.IsSound() => Reason is not null;
}

/// <summary>The asked process is not a member itself yet.</summary>
[MessagePackObject]
internal sealed record NotYet : IClusterMessage
{
    bool IClusterMessage.IsSound() => true;
}

/// <summary>Somebody outside asks what the nodes of the cluster do.</summary>
[MessagePackObject]
internal sealed record NodesQuery([property: Key(0)] int Protocol) : IClusterMessage
{
    bool IClusterMessage.IsSound() => true;
}

[MessagePackObject]
internal sealed record NodesReply(
    [property: Key(0)] NodeState[] Nodes, [property: Key(1)] UnplacedShard[] Unplaced, [property: Key(2)] ThinShard[] Thin) : IClusterMessage
{
    bool IClusterMessage.IsSound() =>
        Sound.All(Nodes, node => ((IClusterMessage)node).IsSound()) && Sound.All(Unplaced, shard => shard.IsSound()) && Sound.All(Thin, shard => shard.IsSound());
}

/// <summary>What the coordinator has decided, told to all nodes at every tick of placement.</summary>
/// <param name="Coordinator">The node that decides.</param>
/// <param name="Homes">The shards that each node is to have warm: those at home there, and those that are to move there.</param>
/// <param name="Departing">The shards that each node is to lose to another, once that has them warm.</param>
/// <param name="Unplaced">Shards without a place.</param>
/// <param name="Leaving">Nodes whose leaving this decision takes into account.</param>
[MessagePackObject]
internal sealed record PlacementNews(
    [property: Key(0)] string Coordinator,
    [property: Key(1)] NodeShards[] Homes,
    [property: Key(2)] NodeShards[] Departing,
    [property: Key(3)] UnplacedShard[] Unplaced,
    [property: Key(4)] string[] Leaving) : IClusterMessage
{
    /// <summary>The highest shard that it is about; -1 where it is about none.</summary>
    internal int MostShard() => Homes.Concat(Departing).SelectMany(node => node.Shards).Concat(Unplaced.Select(shard => shard.Shard)).DefaultIfEmpty(-1).Max();

    bool IClusterMessage.IsSound() =>
        Coordinator is not null && Sound.All(Homes, node => node.IsSound()) && Sound.All(Departing, node => node.IsSound())
        && Sound.All(Unplaced, shard => shard.IsSound()) && Sound.All(Leaving, _ => true);
}

[MessagePackObject]
internal sealed record NodeShards([property: Key(0)] string Node, [property: Key(1)] int[] Shards)
{
    public bool IsSound() => Node is not null && Sound.Shards(Shards);
}

/// <summary>Brings the entity of a copy to life where it is placed.</summary>
[MessagePackObject]
internal sealed record StartCopy([property: Key(0)] int Shard, [property: Key(1)] int Replica) : IClusterMessage
{
    bool IClusterMessage.IsSound() => Sound.Shard(Shard) && Sound.Replicas(Replica + 1);
}

/// <summary>The language that nodes speak.</summary>
internal static class ClusterProtocol
{
    /// <summary>Rises when nodes of the old and the new version cannot work together.</summary>
    public const int Version = 2;

    /// <summary>Name of the actor system on every node.</summary>
    public const string System = "pipeline";

    /// <summary>Name of the <see cref="NodeActor"/> on every node.</summary>
    public const string Actor = "node";
}
