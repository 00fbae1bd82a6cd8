using Akka.Streams;

namespace Pipeline.Engine;

/// <summary>Failures that the engine itself gives names to.</summary>
internal static class EngineFailures
{
    /// <summary>An actor died under the work: the window is tried again and the attempt is not counted.</summary>
    public static PipelineException ActorLost(string actor) =>
        new("engine.actor-lost", $"the {actor} actor ended while the window was with it", kind: FailureKind.Shared);

    /// <summary>Whatever ended a window's stream, as a failure with a name.</summary>
    public static PipelineException Of(Exception exception) => exception switch
    {
        PipelineException failure => failure,
        AggregateException { InnerException: { } inner } => Of(inner),
        AbruptTerminationException or OperationCanceledException or AbruptStageTerminationException =>
            new PipelineException("engine.stream-lost", "the window's stream was ended from outside", kind: FailureKind.Shared, inner: exception),
        _ => new PipelineException(
            "engine.unexpected", $"{exception.GetType().Name}: {exception.Message}", "please report this", FailureKind.Own, exception),
    };
}
