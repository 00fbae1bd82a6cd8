using Akka.Actor;
using Akka.Streams;

namespace Pipeline.Engine;

/// <summary>Failures that the engine itself gives names to.</summary>
internal static class EngineFailures
{
    public static PipelineException StreamLost(Exception cause) =>
        new("engine.stream-lost", "the window's stream was ended from outside", kind: FailureKind.Shared, inner: cause);

    /// <summary>Whatever ended a window's stream, as a failure with a name.</summary>
    public static PipelineException Of(Exception exception) => exception switch
    {
        PipelineException failure => failure,
        AggregateException { InnerException: { } inner } => Of(inner),
        AbruptTerminationException or OperationCanceledException or AbruptStageTerminationException => StreamLost(exception),
        _ => new PipelineException(
            "engine.unexpected", $"{exception.GetType().Name}: {exception.Message}", "please report this", FailureKind.Own, exception),
    };
}

/// <summary>An actor died under the work: the window is tried again and the attempt is not counted.</summary>
internal sealed class ActorLostException(IActorRef actor) : PipelineException(
    "engine.actor-lost", $"the actor {actor.Path.Name} ended while the window was with it", kind: FailureKind.Shared)
{
    public IActorRef Actor { get; } = actor;
}
