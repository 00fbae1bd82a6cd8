using System.Collections.Frozen;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Placement;
using Pipeline.Cluster.Shards;
using Pipeline.Engine;

namespace Pipeline.Cluster.Planning;

/// <summary>What a plan is made from.</summary>
/// <param name="Config">The model.</param>
/// <param name="Summary">Its sizes: as stored where the weights are there, else as BF16.</param>
/// <param name="Map">Its shards.</param>
public sealed record PlanRequest(
    Llama4Config Config,
    ModelSummary Summary,
    ShardMap Map,
    EngineSettings Engine,
    ExpertsOptions Experts,
    IReadOnlyList<PlannedNode> Nodes,
    PlannedNetwork Network);

/// <summary>What one machine holds.</summary>
/// <param name="Memory">What it takes besides shards.</param>
/// <param name="Shards">Held here, ascending.</param>
/// <param name="ShardBytes">Their weights.</param>
/// <param name="Experts">(Layer, expert) pairs of these shards.</param>
public sealed record NodePlan(PlannedNode Node, NodeMemory Memory, IReadOnlyList<int> Shards, long ShardBytes, int Experts)
{
    /// <summary>What the process has once its shards are loaded.</summary>
    public long UsedBytes => Memory.HeldBytes + ShardBytes;

    /// <summary>The most that it takes while it works.</summary>
    public long MostBytes => Memory.FixedBytes + ShardBytes;

    public long FreeBytes => Node.MemoryBytes - MostBytes;
}

/// <summary>Where everything goes before anything is loaded, by the code that places it at run time.</summary>
/// <param name="Nodes">One entry a machine, in the order given.</param>
/// <param name="Unplaced">Shards for which no node has room, ascending.</param>
/// <param name="MissingBytes">Memory of expert nodes that is missing until each shard has a place.</param>
/// <param name="MissingCopies">Further copies, which <c>experts.replicas</c> asks for, that found no room.</param>
/// <param name="Steps">What decoding is expected to do; empty where the plan cannot run.</param>
public sealed record PlacementPlan(
    PlanRequest Request,
    IReadOnlyList<NodePlan> Nodes,
    IReadOnlyList<int> Unplaced,
    long MissingBytes,
    int MissingCopies,
    IReadOnlyList<StepEstimate> Steps)
{
    /// <summary>Sequences that the rates are estimated for.</summary>
    private static readonly int[] s_sequences = [1, 4, 16, 64];

    /// <summary>Everything has a place.</summary>
    public bool IsComplete => Unplaced.Count == 0 && MissingCopies == 0 && HasEngine && Nodes.All(node => node.FreeBytes >= 0);

    public bool HasEngine => Nodes.Any(node => node.Node.Roles.HasFlag(NodeRoles.Engine));

    public static PlacementPlan Create(PlanRequest request)
    {
        var engines = request.Nodes.Count(node => node.Roles.HasFlag(NodeRoles.Engine));
        var memory = request.Nodes.ToFrozenDictionary(
            node => node.Name, node => NodeMemory.Of(node.Roles, request.Config, request.Summary, request.Engine, request.Experts, engines), StringComparer.Ordinal);
        var placed = Placer.Place(
            [.. Enumerable.Range(0, request.Map.Shards).Select(request.Map.Bytes)],
            request.Experts.Replicas,
            [.. request.Nodes
                .Where(node => node.Roles.HasFlag(NodeRoles.Expert))
                .Select(node => new PlacementNode(node.Name, Math.Max(node.MemoryBytes - memory[node.Name].FixedBytes, 0), Leaving: false, Reachable: true, FrozenSet<int>.Empty))],
            FrozenDictionary<ShardCopy, string>.Empty);

        var nodes = request.Nodes.Select(node => Plan(request.Map, node, memory[node.Name], placed.Homes)).ToList();
        var unplaced = placed.Unplaced.Select(copy => copy.Shard).Distinct()
            .Where(shard => !nodes.Exists(node => node.Shards.Contains(shard))).Order().ToList();
        var plan = new PlacementPlan(
            request, nodes, unplaced, placed.MissingBytes, placed.Unplaced.Count(copy => !unplaced.Contains(copy.Shard)), []);
        var engine = nodes.Find(node => node.Node.Roles.HasFlag(NodeRoles.Engine));
        return engine is null || unplaced.Count > 0
            ? plan
            : plan with { Steps = [.. s_sequences.Select(sequences => StepEstimate.Of(request, nodes, engine, sequences))] };
    }

    private static NodePlan Plan(ShardMap map, PlannedNode node, NodeMemory memory, IReadOnlyDictionary<ShardCopy, string> homes)
    {
        var shards = homes.Where(home => home.Value == node.Name).Select(home => home.Key.Shard).Order().ToList();
        return new NodePlan(node, memory, shards, shards.Sum(map.Bytes), shards.Sum(shard => map.Members(shard).Count));
    }
}
