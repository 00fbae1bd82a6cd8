using Pipeline.Engine;

namespace Pipeline.Jobs;

/// <summary>How a run ended: results with a caption, and inputs that failed.</summary>
public sealed record JobOutcome(int Done, int Failed);

/// <summary>Captions inputs into a sink, in input order.</summary>
public static class CaptionJob
{
    /// <summary>Runs until every input has its result. A failed input is a result; what a sink cannot write, a failed device, and actors ended from outside end the run.</summary>
    /// <exception cref="PipelineException">The sink cannot write, the device failed, or the engine's actors were ended.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled; what is written stays written.</exception>
    public static async Task<JobOutcome> RunAsync(
        CaptionEngine engine, CaptionRequest request, JobProgress progress, JobsOptions options, IResultSink sink, TimeProvider time,
        CancellationToken cancellation)
    {
        var settings = GenerationResolver.Resolve(request.Generation, engine.Generation, engine.VocabularySize);
        var job = engine.System.ActorOf(JobSupervisor.Props(
            progress, JobActor.Props(progress, new WindowRunner(engine, request, settings, time), options.WindowsInFlight)));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var writing = WriteAsync(progress, sink, ending.Token);
        try
        {
            var ended = engine.System.WhenTerminated;
            var first = await Task.WhenAny(writing, engine.DeviceFailed, ended);
            if (first != writing)
            {
                progress.Abandon();
                await writing;
                throw first == ended ? EngineEnded() : await engine.DeviceFailed;
            }

            await writing;
            await sink.CompleteAsync(cancellation);
            return new JobOutcome(progress.Done, progress.Failed);
        }
        finally
        {
            await ending.CancelAsync();
            engine.System.Stop(job);

            // The sink is its owner's again only when nothing writes to it any more.
            await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static PipelineException EngineEnded() => new(
        "engine.ended",
        "the engine's actors were ended from outside",
        "start it again; finished results are written",
        FailureKind.Outside);

    private static async Task WriteAsync(JobProgress progress, IResultSink sink, CancellationToken cancellation)
    {
        while (await progress.NextOutputAsync(cancellation) is { } output)
        {
            switch (output)
            {
                case TextPiece piece:
                    await sink.StreamAsync(piece.Input, piece.Text, cancellation);
                    break;
                case FinishedWindow finished:
                    await sink.WriteAsync(finished.Input, finished.Result, cancellation);
                    progress.Written();
                    break;
            }
        }
    }
}
