using Akka.Actor;
using Akka.Cluster.Sharding;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Placement;

/// <summary>
/// One copy of a shard, as Akka.Cluster.Sharding sees it: where this entity is, the shard is at home. The weights are the node's store's;
/// rows never come here.
/// </summary>
internal sealed class ExpertShardActor : ReceiveActor
{
    /// <summary>Name of the entity type.</summary>
    public const string TypeName = "expert-shard";

    private readonly ShardCopy _copy;
    private readonly IActorRef _keeper;

    public ExpertShardActor(ShardCopy copy, IActorRef keeper)
    {
        _copy = copy;
        _keeper = keeper;
        Receive<StartCopy>(_ => { });
    }

    protected override void PreStart() => _keeper.Tell(new CopyArrived(_copy));

    protected override void PostStop() => _keeper.Tell(new CopyLeft(_copy));

    /// <summary>Each copy is an entity and a shard of its own.</summary>
    public sealed class Extractor : IMessageExtractor
    {
        public string? EntityId(object message) => message is StartCopy start ? new ShardCopy(start.Shard, start.Replica).Id : null;

        public object? EntityMessage(object message) => message;

        public string? ShardId(object message) => EntityId(message);

        public string ShardId(string entityId, object? messageHint = null) => entityId;
    }
}
