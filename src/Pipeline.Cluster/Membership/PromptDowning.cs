using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.SBR;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Pipeline.Cluster.Membership;

/// <summary>
/// The split-brain resolver, without its second wait. Akka starts what ran on a removed node elsewhere only after stable-after has passed once more,
/// so that nothing ever runs twice. Here twice is harmless: two holders of a shard compute the same bits.
/// </summary>
internal sealed class PromptDowning(ActorSystem system, AkkaCluster cluster) : IDowningProvider
{
    private readonly SplitBrainResolverProvider _resolver = new(system, cluster);

    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    public Props DowningActorProps => _resolver.DowningActorProps;
}
