namespace Pipeline.EndToEnd.Tests.Processes;

/// <summary>Tests that measure time, or set what the whole process shares, run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TimedCollection
{
    public const string Name = "timed";
}
