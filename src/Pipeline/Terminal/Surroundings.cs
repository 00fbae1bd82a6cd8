using Pipeline.Kernels;

namespace Pipeline.Terminal;

/// <summary>What a command gets from its process.</summary>
/// <param name="Output">Standard output: results, nothing else.</param>
/// <param name="Error">Standard error: messages, progress, logs.</param>
/// <param name="IsTerminal">Standard error is a terminal: progress is drawn.</param>
/// <param name="OutputIsTerminal">Standard output is one too, so that both share a screen.</param>
/// <param name="WorkingFolder">Absolute; what relative paths start from.</param>
/// <param name="Interrupted">Ctrl-C or a request to end.</param>
internal sealed record Surroundings(
    Stream Output,
    TextWriter Error,
    bool IsTerminal,
    bool OutputIsTerminal,
    IReadOnlyDictionary<string, string> Environment,
    string WorkingFolder,
    CancellationToken Interrupted)
{
    /// <summary>Called by a run that needs longer than most to end by itself when it is interrupted: how long it may take.</summary>
    public Action<TimeSpan> AllowToEnd { get; init; } = _ => { };

    /// <summary>Gets each device that a run opens, and gives what the run is to call: the device itself, but for a test that makes it fail.</summary>
    public Func<IDevice, IDevice> AroundDevice { get; init; } = device => device;
}
