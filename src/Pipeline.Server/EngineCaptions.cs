using Pipeline.Engine;
using Pipeline.Jobs;

namespace Pipeline.Server;

/// <summary>Captions uploads with this process's engine: each is a job of one window, with the retries that jobs have.</summary>
public sealed class EngineCaptions(CaptionEngine engine, JobsOptions jobs, ServerOptions server) : ICaptionService
{
    /// <summary>What results and messages call the file: its path here is nobody's business.</summary>
    private const string Source = "upload";

    private readonly JobsOptions _jobs = jobs with { OutsideDeadline = server.OutsideDeadline };

    public async Task<CaptionResult> CaptionAsync(CaptionUpload upload, CancellationToken cancellation)
    {
        var request = new CaptionRequest(upload.Prompt, SystemPrompt: null, Raw: false, upload.Frames, GenerationSettings.Default);
        var input = new CaptionInput(0, Source, upload.Path, Source);
        var progress = new JobProgress([input], _jobs, resultsWaiting: 1, failFast: false, TimeProvider.System);
        await using var sink = new OneResult();
        await CaptionJob.RunAsync(engine, request, progress, _jobs, sink, TimeProvider.System, cancellation);
        return sink.Result ?? throw new InvalidOperationException("The job ended without a result.");
    }

    private sealed class OneResult : IResultSink
    {
        public CaptionResult? Result { get; private set; }

        public ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation)
        {
            Result = result;
            return ValueTask.CompletedTask;
        }

        public ValueTask CompleteAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
