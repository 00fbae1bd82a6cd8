namespace Pipeline.Jobs.Sinks;

/// <summary>A sink that cannot write: it ends the run, and what is finished stays.</summary>
internal static class OutputFailure
{
    /// <summary>What to do about a file that cannot be written.</summary>
    public const string MakeRoom = "make room, or name another --output";

    /// <param name="target">What was written to.</param>
    /// <param name="hint">What to do; null where nothing can be said.</param>
    public static PipelineException Of(string target, Exception failure, string? hint)
    {
        // The runtime appends the path to the system's text: "No space left on device : '/tmp/x.partial'".
        var reason = failure.Message.Split(" : '", 2)[0];
        return new PipelineException("output.write", $"{target}: {reason}", hint, FailureKind.Outside, failure);
    }
}
