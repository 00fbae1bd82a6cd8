using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Planning;
using Pipeline.Composition;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>plan MODEL --node ROLES:MEMORY</c></summary>
internal static partial class PlanCommand
{
    private const string DefaultNetwork = "10Gb";

    public static PipelineCommand Create(Surroundings surroundings)
    {
        var model = new Argument<string?>("MODEL") { Arity = ArgumentArity.ZeroOrOne };
        var nodes = new Option<string[]>("--node")
        {
            HelpName = "ROLES:MEMORY",
            Description = "a machine: engine, expert or engine,expert, and its memory; xN after it stands for N of them; may be repeated",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var network = new Option<double>("--network")
        {
            HelpName = "RATE",
            Description = $"bits a second of each machine's link (default: {DefaultNetwork})",
            DefaultValueFactory = _ => RateOf(DefaultNetwork)!.Value,
            CustomParser = result => RateOf(result.Tokens[0].Value) ?? Refuse<double>(result, "--network", "a rate such as 10Gb or 800Mb"),
        };
        var roundTrip = Number(
            "--round-trip", "MS", $"milliseconds of a small request and its reply (default: {Millisecond(PlannedNetwork.Loopback)}, loopback)", x => x is > 0 and < 10_000, "above 0, below 10000");
        var shards = Whole("--shards", "N", "shards that the experts are divided into (default: about 1 GB each)", 1, 65536);
        var replicas = Whole("--replicas", "N", "copies of each shard", 1, 16);
        var json = Flag("--json", "one JSON object instead of text");
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "plan",
            "Shows which machine of a cluster would hold what, what is missing, and the rate to expect. Needs config.json alone.",
            "[OPTIONS] MODEL --node ROLES:MEMORY...",
            "pipeline plan scout/ --node engine:64GB --node expert:48GB x5",
            new OptionGroup("Machines", [nodes, network, roundTrip]),
            new OptionGroup("Experts", [shards, replicas]),
            new OptionGroup("Output", [json]),
            common.Settings)
        {
            model,
        };
        command.SetAction((parsed, _) =>
        {
            var machines = NodeList.Parse(parsed.GetValue(nodes)!, out var words);
            var folder = ModelOf(parsed.GetValue(model), words);
            if (machines.Count == 0)
            {
                throw new UsageException("no --node given", $"for example: {command.Example}");
            }

            var arguments = common.Arguments(parsed)
                .With("--shards", "pipeline.experts.shards", parsed.GetValue(shards))
                .With("--replicas", "pipeline.experts.replicas", parsed.GetValue(replicas));
            var link = new PlannedNetwork(
                parsed.GetValue(network), parsed.GetValue(roundTrip) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : PlannedNetwork.Loopback);
            var plan = Plan(Settings.Load(arguments, folder, surroundings), machines, link);
            surroundings.Output.Write(parsed.GetValue(json) ? PlanReport.Json(plan.Name, plan.Plan) : PlanReport.Text(plan.Name, plan.Plan));
            surroundings.Output.Flush();
            return Task.FromResult(plan.Plan.IsComplete ? ExitCode.Done : ExitCode.SomeFailed);
        });
        return command;
    }

    private static (string Name, PlacementPlan Plan) Plan(Settings settings, IReadOnlyList<PlannedNode> machines, PlannedNetwork network)
    {
        var options = settings.Options;
        var (config, summary) = ModelOf(settings);
        var map = ShardMaps.Create(config.Text, summary, options.Experts);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(settings.ModelFolder));
        return (name, PlacementPlan.Create(new PlanRequest(config, summary, map, options.EngineSettings, options.Experts, machines, network)));
    }

    /// <summary>The sizes are made from those of the stored weights, where they are there.</summary>
    private static (Llama4Config Config, ModelSummary Summary) ModelOf(Settings settings)
    {
        var (folder, quantization) = (settings.ModelFolder, settings.Options.Device.Quantize);
        if (!Directory.Exists(folder) || !Directory.EnumerateFiles(folder, "*.safetensors").Any())
        {
            var config = Checkpoint.ReadConfig(folder);
            return (config, ModelSummary.Of(config, quantization));
        }

        using var checkpoint = settings.OpenCheckpoint();
        return (checkpoint.Config, checkpoint.Summarize());
    }

    /// <summary>A model that is named after a --node is taken by that option.</summary>
    private static string ModelOf(string? model, IReadOnlyList<string> words) => (model, words) switch
    {
        ({ Length: > 0 }, []) => model,
        (null, [var last]) when !last.Contains(':', StringComparison.Ordinal) => last,
        (_, [var first, ..]) => throw new UsageException($"--node {first}: is no machine", "ROLES:MEMORY, such as expert:32GB; xN after it stands for N of them"),
        _ => throw new UsageException("no MODEL given", "a model's folder; its config.json is enough"),
    };

    private static double? RateOf(string text)
    {
        var match = Rate().Match(text);
        return match.Success && double.TryParse(match.Groups["number"].Value, NumberStyles.AllowDecimalPoint, null, out var number) && number > 0
            ? number * (match.Groups["unit"].Value == "G" ? 1e9 : 1e6)
            : null;
    }

    private static string Millisecond(TimeSpan time) => time.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<number>[0-9.]+) ?(?<unit>[GM])b(it)?(/s|ps)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate();
}
