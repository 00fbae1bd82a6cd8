using System.Text;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Engine.Configuration;
using Pipeline.Terminal;

namespace Pipeline.Commands;

/// <summary>A plan as people read it, and as programs do.</summary>
internal static class PlanReport
{
    public static byte[] Text(string model, PlacementPlan plan)
    {
        var (request, summary) = (plan.Request, plan.Request.Summary);
        var sizes = Enumerable.Range(0, request.Map.Shards).Select(request.Map.Bytes).ToList();
        var table = new TextTable()
            .Add("model", model)
            .Add("parameters", $"{summary.Parameters:N0}, {ByteSize.Describe(summary.Bytes)}")
            .Add("experts", $"{Count(request.Map.Shards, "shard")} of {Range(sizes.Min(), sizes.Max())}, {Count(request.Experts.Replicas, "copy", "copies")} of each")
            .Gap();
        foreach (var group in Alike(plan.Nodes))
        {
            AddNodes(table, group);
        }

        AddMissing(table.Gap(), plan);
        AddSteps(table, plan);
        return Encoding.UTF8.GetBytes(table.ToString());
    }

    public static byte[] Json(string model, PlacementPlan plan) => JsonText.Of(new
    {
        Version = 1,
        Model = model,
        plan.Request.Summary.Parameters,
        plan.Request.Summary.Bytes,
        plan.Request.Map.Shards,
        plan.Request.Experts.Replicas,
        Complete = plan.IsComplete,
        Nodes = plan.Nodes.Select(node => new
        {
            node.Node.Name,
            Roles = node.Node.Roles.Describe().Split(','),
            node.Node.MemoryBytes,
            node.UsedBytes,
            node.MostBytes,
            node.FreeBytes,
            node.Memory.ProcessBytes,
            node.Memory.WeightBytes,
            node.Memory.KeyValueBytes,
            node.Memory.ScratchBytes,
            node.Memory.TransitBytes,
            node.ShardBytes,
            node.Experts,
            node.Shards,
        }),
        plan.Unplaced,
        plan.MissingBytes,
        plan.MissingCopies,
        Decoding = plan.Steps.Select(step => new
        {
            step.Sequences,
            step.TokensPerSecond,
            WireBytesPerToken = (long)step.WireBytesPerToken,
            Bound = OptionsBinder.KeyOf(step.Bound.ToString()),
            step.StepSeconds,
            step.EngineSeconds,
            step.ExpertSeconds,
            step.NetworkSeconds,
            step.RoundTripSeconds,
        }),
    });

    /// <summary>Neighbours that differ by nothing but which shards they hold.</summary>
    private static IEnumerable<List<NodePlan>> Alike(IEnumerable<NodePlan> nodes)
    {
        var group = new List<NodePlan>();
        foreach (var node in nodes)
        {
            if (group is [var first, ..] && (first.Node.Roles, first.Node.MemoryBytes, first.ShardBytes) != (node.Node.Roles, node.Node.MemoryBytes, node.ShardBytes))
            {
                yield return group;
                group = [];
            }

            group.Add(node);
        }

        yield return group;
    }

    private static void AddNodes(TextTable table, List<NodePlan> alike)
    {
        var (first, last) = (alike[0], alike[^1]);
        var name = alike.Count == 1 ? first.Node.Name : $"{first.Node.Name} to {last.Node.Name.Split(' ')[^1]}";
        var room = first.FreeBytes >= 0 ? $"{ByteSize.Describe(first.FreeBytes)} free" : $"{ByteSize.Describe(-first.FreeBytes)} missing";
        table.Add(name, $"{ByteSize.Describe(first.UsedBytes)} of {ByteSize.Describe(first.Node.MemoryBytes)}{(alike.Count > 1 ? " each" : "")}, {room}");
        if (first.Memory.WeightBytes > 0)
        {
            table.Add("", $"{ByteSize.Describe(first.Memory.WeightBytes)} weights, {ByteSize.Describe(first.Memory.KeyValueBytes)} keys and values");
        }

        if (first.Shards.Count > 0)
        {
            table.Add("", $"{ByteSize.Describe(first.ShardBytes)} in {Count(first.Shards.Count, "shard")} with {Count(first.Experts, "expert")}");
        }

        table.Add("", $"{ByteSize.Describe(first.Memory.ScratchBytes)} scratch of passes, {ByteSize.Describe(first.Memory.ProcessBytes)} process: runtime, program, actors");
        table.Add("", $"and up to {ByteSize.Describe(first.Memory.TransitBytes)} in transit: {Transit(first.Node.Roles)}");
    }

    private static string Transit(NodeRoles roles) =>
        roles.HasFlag(NodeRoles.Engine) ? "frames, tiles, visual tokens, rows to experts and back" : "rows from engines and back";

    private static void AddMissing(TextTable table, PlacementPlan plan)
    {
        var missing = new List<string>();
        if (plan.Unplaced.Count > 0)
        {
            missing.Add($"{ByteSize.Describe(plan.MissingBytes)} on expert nodes: {plan.Unplaced.Count} of {Count(plan.Request.Map.Shards, "shard")} have no place");
        }

        if (plan.MissingCopies > 0)
        {
            missing.Add($"room for {plan.MissingCopies} of {Count(plan.Request.Map.Shards * plan.Request.Experts.Replicas, "copy", "copies")}: each lies on a node of its own");
        }

        missing.AddRange(plan.Nodes.Where(node => node.FreeBytes < 0).Select(node => $"{ByteSize.Describe(-node.FreeBytes)} on {node.Node.Name}"));
        if (!plan.HasEngine)
        {
            missing.Add("a node with the role engine: nothing captions");
        }

        for (var i = 0; i < missing.Count; i++)
        {
            table.Add(i == 0 ? "missing" : "", missing[i]);
        }

        if (missing.Count == 0)
        {
            table.Add("missing", "nothing");
        }
    }

    private static void AddSteps(TextTable table, PlacementPlan plan)
    {
        if (plan.Steps.Count == 0)
        {
            return;
        }

        table.Add("on the wire", $"{ByteSize.Describe((long)plan.Steps[0].WireBytesPerToken)} a token").Gap();
        foreach (var step in plan.Steps)
        {
            table.Add(
                Count(step.Sequences, "sequence"), $"{step.TokensPerSecond:#,0.0#} tokens/s an engine; most of a step: {Describe(step.Bound)}");
        }

        table.Add("", $"expected of machines like the measured one ({StepEstimate.Machine}), {StepEstimate.ContextTokens:N0} tokens a sequence");
    }

    private static string Describe(StepBound bound) => bound switch
    {
        StepBound.EngineMemory => "the engine reads its weights",
        StepBound.ExpertMemory => "expert nodes read their weights",
        StepBound.Network => "rows on the network",
        _ => "round trips, one a layer",
    };

    private static string Range(long least, long most) =>
        least == most ? ByteSize.Describe(least) : $"{ByteSize.Describe(least)} to {ByteSize.Describe(most)}";

    private static string Count(int count, string one, string? many = null) => $"{count:N0} {(count == 1 ? one : many ?? one + "s")}";
}
