using System.CommandLine;
using Pipeline.Composition;
using Pipeline.Jobs;
using Pipeline.Jobs.Sinks;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>generate "text"</c></summary>
internal static class GenerateCommand
{
    public static PipelineCommand Create(Surroundings surroundings)
    {
        var text = new Argument<string>("TEXT");
        var system = String("--system", "TEXT", "the system turn before it");
        var raw = Flag("--raw", "TEXT as it is, not as a chat turn; special tokens count");
        var format = Choice("--format", "FORMAT", "text or jsonl (default: text)", OutputFormat.Text, OutputFormat.Text, OutputFormat.Jsonl);
        var logprobs = ResultOptions.Logprobs();
        var generation = new GenerationOptions();
        var common = new CommonOptions();
        var place = new ClusterPlaceOptions();
        var command = new PipelineCommand(
            "generate",
            "Answers one turn of text.",
            "[OPTIONS] TEXT",
            "pipeline generate \"What is 3 plus 4?\"",
            new OptionGroup("Input and output", [system, raw, format, logprobs]),
            generation.Length,
            generation.Sampling,
            common.Engine,
            place.Group)
        {
            text,
        };
        command.SetAction((parsed, _) =>
        {
            if (parsed.GetValue(raw) && parsed.GetValue(system) is not null)
            {
                throw new UsageException("--raw and --system contradict each other", "raw text has no turns: write all of it into TEXT");
            }

            var request = new CaptionRequest(
                parsed.GetValue(text), parsed.GetValue(system), parsed.GetValue(raw), Frames: null, generation.Read(parsed));
            var target = new ResultTarget(
                parsed.GetValue(format), parsed.GetValue(logprobs), Output: null, Force: false, SkipExisting: false, FailFast: false).Validated();
            var settings = Settings.Load(place.AddToRun(common.Arguments(parsed), parsed), common.Model(parsed), surroundings);
            return CaptionRun.RunAsync(new RunPlan(settings, request, Paths: null, target, common.Quiet(parsed)), surroundings);
        });
        return command;
    }
}
