using System.Text;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Placement;

/// <summary>Who holds which shard, from what the nodes say of themselves: only shards that they have warm.</summary>
internal sealed class ExpertDirectory : IExpertDirectory
{
    private readonly ShardMap _map;
    private readonly ClusterBoard _board;
    private readonly string _self;
    private IReadOnlyList<NodeState> _seen = [];
    private volatile ExpertHost[][] _hosts;

    public ExpertDirectory(ShardMap map, ClusterBoard board, string self)
    {
        _map = map;
        _board = board;
        _self = self;
        _hosts = [.. Enumerable.Repeat(Array.Empty<ExpertHost>(), map.Shards)];
        board.Changed += Look;
        Look();
    }

    public event Action? Changed;

    public int Shards => _map.Shards;

    public IReadOnlyList<ExpertHost> HostsOf(int shard) => _hosts[shard];

    public string? Unplaced(int shard) =>
        _hosts[shard].Length > 0 ? null : UnplacedShards.Of(_map, _board.View).FirstOrDefault(unplaced => unplaced.Shard == shard)?.Reason;

    private void Look()
    {
        var nodes = _board.View.Nodes;
        if (nodes.Count == _seen.Count && nodes.Zip(_seen).All(pair => HoldsTheSame(pair.First, pair.Second)))
        {
            return; // nodes tell their state every second, and rarely anything new of this
        }

        _seen = nodes;
        var hosts = Enumerable.Range(0, _map.Shards).Select(shard => HostsOf(nodes, shard)).ToArray();
        if (!hosts.Zip(_hosts).All(pair => pair.First.SequenceEqual(pair.Second)))
        {
            _hosts = hosts;
            Changed?.Invoke();
        }
    }

    private static bool HoldsTheSame(NodeState node, NodeState before) =>
        node.Node == before.Node && node.Phase == before.Phase && node.DataHost == before.DataHost && node.DataPort == before.DataPort
        && node.InstructionPath == before.InstructionPath && node.Shards.AsSpan().SequenceEqual(before.Shards);

    private ExpertHost[] HostsOf(IReadOnlyList<NodeState> nodes, int shard) =>
        [.. nodes
            .Where(node => Array.BinarySearch(node.Shards, shard) >= 0)
            .OrderBy(Rank)
            .ThenBy(node => Spread(node.Node, shard))
            .Select(node => node.Node == _self ? ExpertHost.Local : new ExpertHost(node.Node, node.DataHost, node.DataPort, node.InstructionPath))];

    /// <summary>This process first; then those that stay; who leaves or cannot be reached, last.</summary>
    private int Rank(NodeState node) => node.Phase switch
    {
        _ when node.Node == _self => 0,
        NodePhase.Leaving => 2,
        NodePhase.Unreachable => 3,
        _ => 1,
    };

    /// <summary>An order of its own for each asker and shard, so that copies share the work of all engines (rendezvous hashing, FNV-1a).</summary>
    private uint Spread(string node, int shard)
    {
        var hash = 2166136261u;
        foreach (var letter in Encoding.UTF8.GetBytes(FormattableString.Invariant($"{_self} {node} {shard}")))
        {
            hash = (hash ^ letter) * 16777619u;
        }

        return hash;
    }
}
