using System.Diagnostics;
using Akka.Actor;

namespace Pipeline.Cluster.Membership;

/// <summary>Finds a cluster and asks to be let in, before becoming a member: who does not fit never is one.</summary>
internal static class Joining
{
    /// <summary>Between two rounds of asking.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>One member's time to answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Asks the nodes of the list until one is a member. The first of the list forms the cluster where none is, but only once most of
    /// the list is there, itself included: one that starts again while it is cut off from the others would form a second cluster beside theirs.
    /// </summary>
    /// <param name="self">This node's address.</param>
    /// <returns>The member to join and what it said; null where this node is to form the cluster.</returns>
    /// <exception cref="PipelineException">The cluster refuses this node, nobody answers, or too few to form a cluster.</exception>
    public static async Task<(Address Member, Welcome Welcome)?> FindAsync(
        ActorSystem system, ClusterOptions options, Address self, NodeIdentity identity, CancellationToken cancellation)
    {
        var named = NodeName.ParseList(options.Join, "pipeline.cluster.join").Select(entry => self.WithHost(entry.Host).WithPort(entry.Port)).Distinct().ToList();
        var others = named.Where(address => address != self).ToList();
        var first = named.Count == 0 || named[0] == self;
        if (others.Count == 0)
        {
            return null;
        }

        var hello = new Hello(ClusterProtocol.Version, NodeName.Of(self), identity.Digest);
        var started = Stopwatch.GetTimestamp();
        string? last = null;
        while (true)
        {
            var there = 1;
            foreach (var (address, answer) in await Task.WhenAll(others.Select(address => AskAsync(system, address, hello, cancellation))))
            {
                switch (answer)
                {
                    case Welcome welcome:
                        return (address, welcome);
                    case Refused refused:
                        throw ClusterFailures.Refused(refused.Reason);
                    case NotYet:
                        there++;
                        last = $"{NodeName.Of(address)} is not a member itself yet";
                        break;
                }
            }

            var enough = there > named.Count / 2;
            if (first && enough && Stopwatch.GetElapsedTime(started) >= options.JoinWait)
            {
                return null;
            }

            if (Stopwatch.GetElapsedTime(started) >= options.JoinDeadline)
            {
                throw first && !enough ? ClusterFailures.TooFew(there, named.Count, options) : ClusterFailures.NobodyAnswers(options.Join, options.JoinDeadline, last);
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    /// <summary>Asks the node's actor at an address; null where it does not answer.</summary>
    public static async Task<(Address Address, object? Answer)> AskAsync(ActorSystem system, Address address, IClusterMessage question, CancellationToken cancellation)
    {
        try
        {
            return (address, await system.ActorSelection(new RootActorPath(address) / "user" / ClusterProtocol.Actor).Ask<object>(question, Patience, cancellation));
        }
        catch (AskTimeoutException)
        {
            return (address, null);
        }
    }
}
