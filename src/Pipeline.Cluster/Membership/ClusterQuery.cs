using Akka.Actor;
using Akka.Configuration;

namespace Pipeline.Cluster.Membership;

/// <summary>What a cluster looks like from outside.</summary>
/// <param name="Nodes">By name, as the asked node sees them.</param>
/// <param name="Thin">Shards of which copies are missing, though somebody serves them.</param>
public sealed record ClusterSummary(IReadOnlyList<NodeState> Nodes, IReadOnlyList<UnplacedShard> Unplaced, IReadOnlyList<ThinShard> Thin);

/// <summary>Asks a cluster without becoming a member.</summary>
public static class ClusterQuery
{
    /// <param name="options">Where to ask (<c>join</c>), for how long, and with which certificates.</param>
    /// <exception cref="PipelineException">Nobody answers.</exception>
    public static async Task<ClusterSummary> NodesAsync(ClusterOptions options, Config akka, CancellationToken cancellation)
    {
        options = OwnHost.Facing(options);
        var members = NodeName.ParseList(options.Join, "pipeline.cluster.join");
        using var tls = ClusterTls.Load(options.Tls);
        var system = ClusterSystem.CreateOnlooker(options, akka, tls);
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            timeout.CancelAfter(options.JoinDeadline);
            while (true)
            {
                timeout.Token.ThrowIfCancellationRequested();
                foreach (var (host, port) in members)
                {
                    var self = ((ExtendedActorSystem)system).Provider.DefaultAddress;
                    if (await Joining.AskAsync(system, self.WithHost(host).WithPort(port), new NodesQuery(ClusterProtocol.Version), timeout.Token) is (_, NodesReply reply))
                    {
                        return new ClusterSummary(reply.Nodes, reply.Unplaced, reply.Thin);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ClusterFailures.NobodyAnswers(options.Join, options.JoinDeadline, null);
        }
        finally
        {
            await system.Terminate();
        }
    }
}
