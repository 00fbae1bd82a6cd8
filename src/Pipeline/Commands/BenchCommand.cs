using System.CommandLine;
using System.Text;
using Pipeline.Bench;
using Pipeline.Checkpoints;
using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Kernels;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>bench [MODEL]</c> and <c>bench --make DIR</c></summary>
internal static class BenchCommand
{
    private const int DefaultRounds = 5;
    private const int DefaultTokens = 16;
    private const int DefaultContext = 64;
    private static readonly int[] s_prompts = [128, 512, 2048];
    private static readonly int[] s_sequences = [1, 4, 16, 64];

    public static PipelineCommand Create(Surroundings surroundings)
    {
        var model = new Argument<string?>("MODEL") { Arity = ArgumentArity.ZeroOrOne };
        var measure = new MeasureOptions();
        var random = new RandomModelOptions();
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "bench",
            "Measures prefill, decode and vision of a model, each as a share of what the device can do at most, measured in the same run. " +
            "With --make: writes a model of random weights, which knows nothing and is as fast as one that does.",
            "[OPTIONS] [MODEL]",
            "pipeline bench models/tiny-scout --sequences 1,16",
            measure.Group,
            random.Group,
            common.EngineAlone)
        {
            model,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var settings = Settings.Load(common.Arguments(parsed), parsed.GetValue(model), surroundings);
            if (random.Directory(parsed) is { } directory)
            {
                RequireAlone(parsed, model, measure);
                Make(directory, random.Read(parsed), surroundings, cancellation);
            }
            else
            {
                random.RequireMake(parsed);
                Measure(settings, measure, parsed, surroundings, cancellation);
            }

            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void RequireAlone(ParseResult parsed, Argument<string?> model, MeasureOptions measure)
    {
        if (parsed.GetValue(model) is not null)
        {
            throw new UsageException("--make and MODEL contradict each other", "make the model first, then measure it: pipeline bench DIR");
        }

        if (measure.Group.Options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } option)
        {
            throw new UsageException($"--make and {option.Name} contradict each other", "make the model first, then measure it: pipeline bench DIR");
        }
    }

    private static void Make(string directory, RandomCheckpointOptions options, Surroundings surroundings, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(directory, surroundings.WorkingFolder);
        try
        {
            RandomCheckpoint.Write(path, options, cancellation);
        }
        catch (PipelineException refused) when (refused.Kind == FailureKind.Input)
        {
            // Other codes are the reader's, whose hints are for files that lie there.
            var hint = refused.Code is "checkpoint.exists" or "checkpoint.no-room" ? refused.Hint : "change the options that describe the model";
            throw new UsageException(refused.Message, hint);
        }

        using var made = Checkpoint.Open(path);
        var summary = made.Summarize();
        surroundings.Error.WriteNote(
            FormattableString.Invariant($"{path}: {summary.Parameters / 1e6:N1} M parameters, {summary.ActiveParameters / 1e6:N1} M active a token, {summary.Bytes / 1e9:N2} GB"));
    }

    private static void Measure(
        Settings settings, MeasureOptions measure, ParseResult parsed, Surroundings surroundings, CancellationToken cancellation)
    {
        using var checkpoint = settings.OpenCheckpoint();
        var plan = measure.Plan(parsed, settings.Options, checkpoint.Config.Text.MaxPositions);
        using var team = new CpuTeam(settings.Options.Device.Threads);
        var name = DeviceFactory.OnlyName(settings.Options.Device, "bench");
        using var device = DeviceFactory.Create(name, settings.Options.Device.Graphs, team, () => BenchRun.BytesNeeded(checkpoint, plan), surroundings.Error.WriteNote);
        var progress = new ProgressLine(surroundings);
        BenchReport report;
        try
        {
            report = BenchRun.Run(device, checkpoint, plan, progress.Show, cancellation);
        }
        finally
        {
            progress.Clear();
        }

        surroundings.Output.Write(Encoding.UTF8.GetBytes(measure.Json(parsed) ? BenchJson.Of(report) : BenchTable.Of(report)));
        surroundings.Output.Flush();
    }

    /// <summary>What is measured.</summary>
    private sealed class MeasureOptions
    {
        private readonly Option<int?> _rounds = Whole("--rounds", "N", $"times everything is measured, in turn (default: {DefaultRounds})", 1, 1000);
        private readonly Option<int[]> _prompts = Wholes("--prompts", "N,...", $"prompts' lengths in tokens (default: {string.Join(',', s_prompts)})", 1, 1 << 20);
        private readonly Option<int[]> _sequences = Wholes("--sequences", "N,...", $"sequences decoding together (default: {string.Join(',', s_sequences)})", 1, 4096);
        private readonly Option<int?> _tokens = Whole("--tokens", "N", $"tokens each decodes in a round (default: {DefaultTokens})", 1, 1 << 20);
        private readonly Option<int?> _context = Whole("--context", "N", $"tokens each has before (default: {DefaultContext})", 1, 1 << 20);
        private readonly Option<bool> _json = Flag("--json", "a JSON object in place of the table");

        public OptionGroup Group => new("Measurement", [_rounds, _prompts, _sequences, _tokens, _context, _json]);

        public bool Json(ParseResult parsed) => parsed.GetValue(_json);

        /// <param name="maxPositions">The longest sequence that the model takes; default lengths beyond it are left out.</param>
        public BenchPlan Plan(ParseResult parsed, PipelineOptions options, int maxPositions)
        {
            var plan = new BenchPlan(
                parsed.GetValue(_rounds) ?? DefaultRounds,
                parsed.GetValue(_prompts) is { Length: > 0 } prompts ? prompts : [.. s_prompts.Where(tokens => tokens <= maxPositions).DefaultIfEmpty(maxPositions)],
                parsed.GetValue(_sequences) is { Length: > 0 } sequences ? sequences : s_sequences,
                parsed.GetValue(_tokens) ?? DefaultTokens,
                parsed.GetValue(_context) ?? DefaultContext,
                options.Vision.BatchTiles,
                options.Engine.PrefillRows,
                options.Decoder.PageTokens);
            Require("--prompts", plan.LongestPrompt);
            Require("--context and --tokens together", plan.SequenceLength);
            return plan;

            void Require(string name, int tokens)
            {
                if (tokens > maxPositions)
                {
                    throw new UsageException($"{name}: {tokens} tokens, and the model takes {maxPositions}", "measure shorter sequences");
                }
            }
        }
    }

    /// <summary>One line on a terminal that says what is being done; nothing where none looks.</summary>
    private sealed class ProgressLine(Surroundings surroundings)
    {
        private const string ClearLine = "\r\x1b[K";

        public void Show(string what) => Write(ClearLine + what);

        public void Clear() => Write(ClearLine);

        private void Write(string text)
        {
            if (surroundings.IsTerminal)
            {
                surroundings.Error.Write(text);
                surroundings.Error.Flush();
            }
        }
    }
}
