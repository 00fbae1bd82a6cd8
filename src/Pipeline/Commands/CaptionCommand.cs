using System.CommandLine;
using Pipeline.Composition;
using Pipeline.Jobs;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>caption PATH...</c></summary>
internal static class CaptionCommand
{
    public static PipelineCommand Create(Surroundings surroundings)
    {
        var prompt = String("--prompt", "TEXT", "what to ask (default: \"Describe the video.\" or \"Describe the image.\")");
        var files = new FileCommand();
        var command = new PipelineCommand(
            "caption",
            "Captions files, folders and patterns. Folders are walked; a pattern has *, ?, [...] and **.",
            "[OPTIONS] PATH...",
            "pipeline caption clips/ --format jsonl --output captions.jsonl",
            files.Groups(prompt));
        files.Bind(command, surroundings, parsed => parsed.GetValue(prompt));
        return command;
    }
}

/// <summary><c>ask "question" PATH...</c></summary>
internal static class AskCommand
{
    public static PipelineCommand Create(Surroundings surroundings)
    {
        var question = new Argument<string>("QUESTION");
        var files = new FileCommand();
        var command = new PipelineCommand(
            "ask",
            "Asks a question about each file by itself. PATH is a file, a folder or a pattern.",
            "[OPTIONS] QUESTION PATH...",
            "pipeline ask \"What does the cat do?\" clip.mp4",
            files.Groups(prompt: null))
        {
            question,
        };
        files.Bind(command, surroundings, parsed => parsed.GetValue(question));
        return command;
    }
}

/// <summary>What commands over files have in common.</summary>
internal sealed class FileCommand
{
    private readonly Option<string?> _system = String("--system", "TEXT", "the system turn before it");
    private readonly Option<int?> _frames = Whole("--frames", "N", "frames of a video (default: the model's own, else 8)", 1, 4096);
    private readonly Argument<string[]> _paths = new("PATH") { Arity = ArgumentArity.ZeroOrMore };
    private readonly ClusterPlaceOptions _place = new();
    private readonly ResultOptions _result = new();
    private readonly GenerationOptions _generation = new();
    private readonly CommonOptions _common = new();

    public OptionGroup[] Groups(Option? prompt) =>
    [
        new OptionGroup("Input", prompt is null ? [_system, _frames] : [prompt, _system, _frames]),
        _result.Group,
        _generation.Length,
        _generation.Sampling,
        _common.EngineOfMany,
        _place.Group,
    ];

    public void Bind(PipelineCommand command, Surroundings surroundings, Func<ParseResult, string?> prompt)
    {
        command.Add(_paths);
        command.SetAction((parsed, _) =>
        {
            var paths = parsed.GetValue(_paths)!;
            if (paths.Length == 0)
            {
                throw new UsageException("no PATH given", $"for example: {command.Example}");
            }

            if (paths.Contains("", StringComparer.Ordinal))
            {
                throw new UsageException("a given PATH is empty", "name a file, a folder or a pattern; . is the working folder");
            }

            var request = new CaptionRequest(
                prompt(parsed), parsed.GetValue(_system), Raw: false, parsed.GetValue(_frames), _generation.Read(parsed));
            var target = _result.Read(parsed, surroundings.WorkingFolder);
            var settings = Settings.Load(_place.AddToRun(_common.Arguments(parsed), parsed), _common.Model(parsed), surroundings);
            return CaptionRun.RunAsync(new RunPlan(settings, request, paths, target, _common.Quiet(parsed)), surroundings);
        });
    }
}
