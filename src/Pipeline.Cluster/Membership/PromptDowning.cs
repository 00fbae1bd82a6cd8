using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.SBR;
using AkkaCluster = Akka.Cluster.Cluster;

namespace Pipeline.Cluster.Membership;

/// <summary>
/// The split-brain resolver, after <see cref="EngineDowning"/> and without its second wait. Akka starts what ran on a removed node elsewhere only after stable-after has passed once more,
/// so that nothing ever runs twice. Here twice is harmless: two holders of a shard compute the same bits.
/// </summary>
internal sealed class PromptDowning(ActorSystem system, AkkaCluster cluster) : IDowningProvider
{
    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    public Props DowningActorProps { get; } = Props.Create(() => new EngineDowning(
        cluster,
        new SplitBrainResolverProvider(system, cluster).DowningActorProps,
        new SplitBrainResolverSettings(system.Settings.Config).DowningStableAfter));
}
