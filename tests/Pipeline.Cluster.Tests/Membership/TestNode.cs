using Akka.Actor;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Tests.Placement;

namespace Pipeline.Cluster.Tests.Membership;

/// <summary>One member and its store.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly NodeRoles _roles;

    public TestNode(ClusterNode cluster, NodeRoles roles)
    {
        Cluster = cluster;
        _roles = roles;
        Host = new FakeHost(cluster.ShardMap.Bytes);
    }

    public ClusterNode Cluster { get; }

    public FakeHost Host { get; }

    public string Name => Cluster.Name;

    /// <summary>False once the test has ended the node.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>What the node itself says of itself.</summary>
    public NodeState State => Cluster.Nodes.Single(node => node.Node == Name);

    /// <summary>What the node knows, for failures.</summary>
    public string Describe() =>
        $"{Name}{(IsAlive ? "" : " (ended)")}{(Cluster.Downed.IsCompleted ? " (downed)" : "")} store {string.Join(' ', Host.Log)} sees\n"
        + string.Join('\n', Cluster.Nodes.Select(node => $"    {node.Node} {node.Phase} warm [{string.Join(' ', node.Shards)}] warming [{string.Join(' ', node.Warming)}] sequence {node.Sequence}"));

    public async Task ServeAsync()
    {
        if (_roles.HasFlag(NodeRoles.Expert))
        {
            await Cluster.HostAsync(Host, 1);
        }
        else
        {
            Cluster.MarkReady();
        }
    }

    /// <summary>Ends the node as kill -9 would: nothing is said to anybody.</summary>
    public async Task KillAsync()
    {
        IsAlive = false;
        ((ExtendedActorSystem)Cluster.System).Abort();
        await Cluster.System.WhenTerminated;
    }

    public async Task<bool> LeaveAsync(int seconds = 30)
    {
        IsAlive = false;
        return await Cluster.LeaveAsync(TimeSpan.FromSeconds(seconds));
    }

    public async ValueTask DisposeAsync()
    {
        if (IsAlive)
        {
            await KillAsync();
        }

        await Cluster.DisposeAsync();
    }
}
