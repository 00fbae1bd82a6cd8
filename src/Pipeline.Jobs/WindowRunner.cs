using System.Diagnostics;
using Akka.Streams;
using Pipeline.Engine;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Media;

namespace Pipeline.Jobs;

/// <summary>One attempt at one window, from its file to its result; whatever goes wrong is reported to the progress as a value.</summary>
internal sealed class WindowRunner(CaptionEngine engine, CaptionRequest request, DecodeSettings settings, TimeProvider time)
{
    public async Task RunAsync(WindowAttempt attempt, JobProgress progress, IMaterializer materializer, CancellationToken cancellation)
    {
        try
        {
            if (attempt.Delay > TimeSpan.Zero)
            {
                await Task.Delay(attempt.Delay, time, cancellation);
            }

            var started = Stopwatch.GetTimestamp();
            var input = attempt.Input;
            var window = await engine.PlanAsync(
                new WindowRequest(
                    input.Source, input.Path, request.Prompt, request.SystemPrompt, request.Raw, request.Frames,
                    settings),
                cancellation);
            var text = await engine.RunAsync(window, piece => progress.AddText(attempt, piece), materializer, cancellation);
            progress.Succeed(attempt, ToResult(input, window, text, Stopwatch.GetElapsedTime(started)));
        }
        catch (Exception exception)
        {
            progress.Fail(attempt, exception as PipelineException ?? new PipelineException(
                "jobs.stopped", "the job was ended while the window was with it", kind: FailureKind.Shared, inner: exception));
        }
    }

    private Caption ToResult(CaptionInput input, CaptionWindow window, CaptionText text, TimeSpan elapsed)
    {
        var kind = window.Media?.Kind switch
        {
            MediaKind.Image => CaptionKind.Image,
            MediaKind.Video => CaptionKind.Video,
            _ => CaptionKind.Text,
        };
        var video = kind == CaptionKind.Video;
        return new Caption(
            input.Index,
            input.Source,
            kind,
            video ? TimeSpan.Zero : null,
            video ? window.Media!.Duration : null,
            window.Prompt,
            text.Text,
            text.Tokens,
            text.MeanLogprob,
            text.Finish,
            text.Truncated,
            engine.ModelName,
            elapsed);
    }
}
