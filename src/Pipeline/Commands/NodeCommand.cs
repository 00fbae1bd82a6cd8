using System.CommandLine;
using Pipeline.Cluster.Membership;
using Pipeline.Composition;
using Pipeline.Engine.Configuration;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>node --role ROLES</c></summary>
internal static class NodeCommand
{
    public static PipelineCommand Create(Surroundings surroundings)
    {
        var roles = Strings("--role", "ROLES", "expert (holds experts), engine (captions), or both: engine,expert");
        var memory = new Option<long?>("--memory")
        {
            HelpName = "SIZE",
            Description = "what this process may take, such as 24GB (default: what the machine has)",
            CustomParser = result => ByteSize.TryParse(result.Tokens[0].Value, out var bytes) && bytes > 0
                ? bytes
                : Refuse<long?>(result, "--memory", "a size such as 24GB or 512MiB"),
        };
        var shards = Whole("--shards", "N", "at the first node: shards that the experts are divided into (default: about 1 GB each)", 1, 65536);
        var replicas = Whole("--replicas", "N", "at the first node: copies of each shard, on different nodes", 1, 16);
        var dataPort = Whole("--data-port", "PORT", "where rows for experts are taken; 0 takes a free port", 0, 65535);
        var http = String("--http", "HOST:PORT", "where health, metrics and captions are served; empty for nowhere");
        var untilClosed = Flag("--until-closed", "ends when standard input does: for the program that starts it");
        var json = Flag("--json", "the ready line is JSON");
        var place = new ClusterPlaceOptions();
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "node",
            "Runs one node of a cluster until it is asked to end (SIGTERM, Ctrl-C); it then hands over what it holds. Prints a line when it serves.",
            "[OPTIONS] --role ROLES",
            "pipeline node --role expert --listen 127.0.0.1:0 --join 127.0.0.1:4053",
            new OptionGroup("Node", [roles, .. place.Group.Options, dataPort, http]),
            new OptionGroup("Experts", [memory, shards, replicas]),
            new OptionGroup("Process", [untilClosed, json]),
            common.EngineOfNode);
        command.SetAction((parsed, _) =>
        {
            var arguments = place.AddTo(common.Arguments(parsed), parsed)
                .With("--shards", "pipeline.experts.shards", parsed.GetValue(shards))
                .With("--replicas", "pipeline.experts.replicas", parsed.GetValue(replicas))
                .With("--data-port", "pipeline.cluster.data-port", parsed.GetValue(dataPort))
                .With("--http", "pipeline.server.listen", parsed.GetValue(http));
            var wanted = RolesOf(parsed.GetValue(roles)!, command.Example);
            var settings = Settings.Load(arguments, common.Model(parsed), surroundings);
            return NodeRun.RunAsync(
                new NodePlan(settings, wanted, parsed.GetValue(memory), parsed.GetValue(untilClosed), parsed.GetValue(json)), surroundings);
        });
        return command;
    }

    private static NodeRoles RolesOf(string[] names, string example) => names.Length == 0
        ? throw new UsageException("no --role given", $"for example: {example}")
        : names.Aggregate(NodeRoles.None, (roles, name) => roles
            | (NodeRoleNames.Parse(name) ?? throw new UsageException($"--role {name}: expected one of {NodeRoleNames.All}", "a node may have both: --role engine,expert")));
}
