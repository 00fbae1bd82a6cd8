using System.CommandLine;
using Pipeline.Jobs;
using Pipeline.Jobs.Sinks;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary>The options that say where results go.</summary>
internal sealed class ResultOptions
{
    private readonly Option<OutputFormat> _format = Choice(
        "--format", "FORMAT", "text, jsonl, srt or vtt (default: text)",
        OutputFormat.Text, OutputFormat.Text, OutputFormat.Jsonl, OutputFormat.Srt, OutputFormat.Vtt);

    private readonly Option<string?> _output = String("--output", "PATH", "a file; or a folder with / at its end: a file for each input");
    private readonly Option<bool> _logprobs = Logprobs();
    private readonly Option<bool> _force = Flag("--force", "overwrites what is there");
    private readonly Option<bool> _skipExisting = Flag("--skip-existing", "leaves out inputs whose output is there");
    private readonly Option<bool> _failFast = Flag("--fail-fast", "ends at the first input that fails");

    public OptionGroup Group => new("Output", [_format, _logprobs, _output, _force, _skipExisting, _failFast]);

    public static Option<bool> Logprobs() => Flag("--logprobs", "with jsonl, each token's log-probability too");

    /// <exception cref="UsageException">Options that contradict each other.</exception>
    public ResultTarget Read(ParseResult parsed, string workingFolder)
    {
        var output = parsed.GetValue(_output) is { Length: > 0 } path ? Path.GetFullPath(path, workingFolder) : null;
        var skipExisting = parsed.GetValue(_skipExisting);
        if (skipExisting && output is null)
        {
            throw new UsageException("--skip-existing: needs --output", "it looks for results in the output");
        }

        if (skipExisting && parsed.GetValue(_force))
        {
            throw new UsageException("--skip-existing and --force contradict each other", "give one of them");
        }

        return new ResultTarget(
            parsed.GetValue(_format), parsed.GetValue(_logprobs), output, parsed.GetValue(_force), skipExisting, parsed.GetValue(_failFast)).Validated();
    }
}

/// <summary>Where the results of a run go.</summary>
/// <param name="Logprobs">Each token's log-probability is written too.</param>
/// <param name="Output">Absolute path of a file, or of a folder; null for standard output.</param>
internal sealed record ResultTarget(OutputFormat Format, bool Logprobs, string? Output, bool Force, bool SkipExisting, bool FailFast)
{
    private bool IsFolder => Output is not null && (Path.EndsInDirectorySeparator(Output) || Directory.Exists(Output));

    /// <exception cref="UsageException">The format has no place for log-probabilities.</exception>
    public ResultTarget Validated() => Logprobs && Format != OutputFormat.Jsonl
        ? throw new UsageException("--logprobs: needs --format jsonl", "the other formats have no place for them")
        : this;

    /// <summary>The output is one file that is there, and is not to be made again.</summary>
    public bool IsDone => SkipExisting && !IsFolder && File.Exists(Output);

    /// <summary>The folder that takes a file for each input; null where all share one output.</summary>
    public OutputFolder? Folder() => IsFolder
        ? new OutputFolder(Output!, ResultFormat.Of(Format, single: true).Extension, Force, SkipExisting)
        : null;

    /// <param name="single">The run has one input.</param>
    /// <param name="standardOutput">Where results go without <see cref="Output"/>.</param>
    /// <exception cref="PipelineException">The output file is there, or cannot be made.</exception>
    public IResultSink Open(bool single, Stream standardOutput) => (Folder(), Output) switch
    {
        ({ } folder, _) => new FolderSink(folder, ResultFormat.Of(Format, single: true, Logprobs)),
        (_, { } file) => new FileSink(file, Force, ResultFormat.Of(Format, single, Logprobs)),
        _ => new StreamSink(standardOutput, "standard output", ResultFormat.Of(Format, single, Logprobs)),
    };
}
