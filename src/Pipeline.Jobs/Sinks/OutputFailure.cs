namespace Pipeline.Jobs.Sinks;

/// <summary>A sink that cannot write: it ends the run, and what is finished stays.</summary>
internal static class OutputFailure
{
    public static PipelineException Of(string target, Exception failure)
    {
        // The runtime appends the path to the system's text: "No space left on device : '/tmp/x.partial'".
        var reason = failure.Message.Split(" : '", 2)[0];
        return new PipelineException(
            "output.write", $"{target}: {reason}", "make room or name another --output", FailureKind.Outside, failure);
    }
}
