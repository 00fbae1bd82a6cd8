using System.Collections.Concurrent;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

/// <summary>Notes every shard that had a host and then, for a moment at least, had none.</summary>
internal sealed class HostWatch : IDisposable
{
    private readonly ConcurrentQueue<int> _orphaned = new();
    private readonly ClusterNode _node;

    public HostWatch(ClusterNode node)
    {
        _node = node;
        node.Directory.Changed += Look;
        Look();
    }

    public IReadOnlyCollection<int> Orphaned => _orphaned;

    public void Dispose() => _node.Directory.Changed -= Look;

    private void Look()
    {
        for (var shard = 0; shard < _node.ShardMap.Shards; shard++)
        {
            if (_node.Directory.HostsOf(shard).Count == 0)
            {
                _orphaned.Enqueue(shard);
            }
        }
    }
}
