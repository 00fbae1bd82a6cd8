using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Util;

namespace Pipeline.Jobs;

/// <summary>
/// The local run of one job: takes windows from the job's progress as there is room, runs a graph for each side by side, and
/// reports each end. It owns the streams and nothing else; made anew, it goes on from the progress.
/// </summary>
internal sealed class JobActor : UntypedActor
{
    private readonly JobProgress _progress;
    private readonly WindowRunner _runner;
    private readonly int _windowsInFlight;
    private readonly CancellationTokenSource _ended = new();

    public JobActor(JobProgress progress, WindowRunner runner, int windowsInFlight)
    {
        _progress = progress;
        _runner = runner;
        _windowsInFlight = windowsInFlight;
    }

    public static Props Props(JobProgress progress, WindowRunner runner, int windowsInFlight) =>
        Akka.Actor.Props.Create(() => new JobActor(progress, runner, windowsInFlight));

    protected override void PreStart()
    {
        var run = _progress.Attach();
        var materializer = Context.Materializer();
        var ended = _ended.Token;
        _ = Source.UnfoldAsync<int, WindowAttempt>(run, async taken => await _progress.TakeAsync(taken, ended) is { } attempt
                ? Option<(int, WindowAttempt)>.Create((taken, attempt))
                : Option<(int, WindowAttempt)>.None)
            .SelectAsyncUnordered(_windowsInFlight, async attempt =>
            {
                await _runner.RunAsync(attempt, _progress, materializer, ended);
                return attempt;
            })
            .RunWith(Sink.Ignore<WindowAttempt>(), materializer)
            .PipeTo(Self, success: _ => WindowsEnded.Instance, failure: error => new WindowsLost(error));
    }

    protected override void PostStop()
    {
        _ended.Cancel();
        _ended.Dispose();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case WindowsEnded:
                Context.Stop(Self);
                break;
            case WindowsLost lost:
                throw lost.Error;
            default:
                Unhandled(message);
                break;
        }
    }

    private sealed record WindowsEnded : INoSerializationVerificationNeeded
    {
        public static WindowsEnded Instance { get; } = new();
    }

    private sealed record WindowsLost(Exception Error) : INoSerializationVerificationNeeded;
}
