using System.Text;
using Pipeline.Cluster.Membership;
using Pipeline.Composition;
using Pipeline.Engine.Configuration;
using Pipeline.Logging;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>nodes --join HOST:PORT</c></summary>
internal static class NodesCommand
{
    /// <summary>A node tries to join for longer, as others may be starting; who only looks wants to know soon that nobody is there.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    public static PipelineCommand Create(Surroundings surroundings)
    {
        var json = Flag("--json", "one JSON object instead of text");
        var place = new ClusterPlaceOptions();
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "nodes",
            "Shows the nodes of a cluster: roles, memory, shards, rows a second, state; and the shards that have no place.",
            "[OPTIONS] --join HOST:PORT",
            "pipeline nodes --join 10.0.0.5:4053",
            new OptionGroup("Cluster", place.Join),
            new OptionGroup("Output", [json]),
            common.Settings);
        command.SetAction(async (parsed, _) =>
        {
            var settings = Settings.Load(place.AddTo(common.Arguments(parsed), parsed), model: null, surroundings);
            if (settings.Options.Cluster.Join.Length == 0)
            {
                throw new UsageException("no --join given", $"for example: {command.Example}");
            }

            using var log = LogSetup.Open(settings.Options.Log);
            var options = settings.Options.Cluster;
            var cluster = await ClusterQuery.NodesAsync(
                options with { JoinDeadline = options.JoinDeadline < s_patience ? options.JoinDeadline : s_patience },
                LogSetup.Bridge(settings.Akka, settings.Options.Log),
                surroundings.Interrupted);
            surroundings.Output.Write(parsed.GetValue(json) ? Json(cluster) : Encoding.UTF8.GetBytes(Text(cluster)));
            await surroundings.Output.FlushAsync(surroundings.Interrupted);
            return ExitCode.Done;
        });
        return command;
    }

    private static string Text(ClusterSummary cluster)
    {
        var table = new TextTable();
        foreach (var node in cluster.Nodes)
        {
            table.Add(node.Node, $"{node.Roles.Describe()}, {OptionsBinder.KeyOf(node.Phase.ToString())}");
            if (node.Roles.HasFlag(NodeRoles.Expert))
            {
                var loading = node.Warming.Length > 0 ? $", {node.Warming.Length} more on the way" : "";
                table.Add("", $"{ByteSize.Describe(node.HeldBytes)} of {ByteSize.Describe(node.MemoryBytes)} in {node.Shards.Length} shards{loading}; {node.RowsPerSecond:0} rows/s");
            }

            if (node.Problem is { } problem)
            {
                table.Add("", problem);
            }

            if (node.Refused.Length > 0)
            {
                table.Add("", $"cannot load {string.Join(", ", node.Refused)}: placed elsewhere where there is room");
            }
        }

        foreach (var shards in cluster.Unplaced.GroupBy(shard => shard.Reason, StringComparer.Ordinal))
        {
            table.Add("no place", $"{string.Join(", ", shards.Select(shard => shard.Shard))}: {shards.Key}");
        }

        foreach (var shards in cluster.Thin.GroupBy(shard => (shard.Copies, shard.Wanted)))
        {
            table.Add($"{shards.Key.Copies} of {shards.Key.Wanted} copies", string.Join(", ", shards.Select(shard => shard.Shard)));
        }

        return table.ToString();
    }

    private static byte[] Json(ClusterSummary cluster) => JsonText.Of(new
    {
        Version = 1,
        Nodes = cluster.Nodes.Select(node => new
        {
            node.Node,
            Roles = node.Roles.Describe().Split(','),
            State = OptionsBinder.KeyOf(node.Phase.ToString()),
            node.MemoryBytes,
            node.HeldBytes,
            node.Shards,
            node.Warming,
            node.RowsPerSecond,
            Data = node.DataPort > 0 ? $"{node.DataHost}:{node.DataPort}" : null,
            node.Digest,
            node.InstructionPath,
            node.Problem,
            node.Refused,
        }),
        Unplaced = cluster.Unplaced.Select(shard => new { shard.Shard, shard.Bytes, shard.MissingBytes, shard.Reason }),
        Thin = cluster.Thin.Select(shard => new { shard.Shard, shard.Copies, shard.Wanted }),
    });
}
