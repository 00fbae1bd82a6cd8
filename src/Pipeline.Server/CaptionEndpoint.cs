using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Jobs;
using Pipeline.Jobs.Sinks;

namespace Pipeline.Server;

/// <summary>
/// <c>POST /v1/captions?prompt=TEXT&amp;frames=N</c>: the body is a picture or a video, the answer one JSON object as
/// <c>caption --format jsonl</c> writes it. A client that goes away cancels its window.
/// </summary>
internal sealed class CaptionEndpoint(ServerOptions options, INodeHealth health, Task<ICaptionService> captions)
{
    private const int MostFrames = 4096;

    private readonly ResultFormat _format = ResultFormat.Of(OutputFormat.Jsonl, single: true);
    private int _inFlight;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/captions", AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            if (await CaptionAsync(context) is CaptionFailed failed)
            {
                throw new PipelineException(failed.Code, failed.Message, failed.Hint, failed.Kind);
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads an answer any more.
        }
        catch (Exception failure)
        {
            await ErrorAnswer.WriteAsync(context, failure, options);
        }
    }

    /// <summary>Writes a caption as the answer; a failure is the caller's to write.</summary>
    private async Task<CaptionResult> CaptionAsync(HttpContext context)
    {
        var (prompt, frames) = ReadQuery(context.Request);
        var service = captions.IsCompletedSuccessfully
            ? await captions
            : throw new PipelineException("server.loading", NotThere(), "come again when /health/ready says so", FailureKind.Outside);
        try
        {
            if (Interlocked.Increment(ref _inFlight) > options.RequestsInFlight)
            {
                throw new BusyException(options);
            }

            await using var upload = await ReceiveAsync(context);
            var result = await service.CaptionAsync(new CaptionUpload(upload.Path, prompt, frames), context.RequestAborted);
            if (result is Caption)
            {
                context.Response.ContentType = "application/json; charset=utf-8";
                await context.Response.WriteAsync(_format.Write(result, number: 1), context.RequestAborted);
            }

            return result;
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task<UploadFile> ReceiveAsync(HttpContext context)
    {
        if (context.Request.HasFormContentType && context.Request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            throw new PipelineException("server.multipart", "the body is a form", "send the file itself: curl --data-binary @clip.mp4");
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(options.UploadDeadline);
        try
        {
            return await UploadFile.ReceiveAsync(context.Request.Body, deadline.Token);
        }
        catch (OperationCanceledException late) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException("the upload took too long", StatusCodes.Status408RequestTimeout, late);
        }
    }

    /// <summary>What is asked; a parameter that nobody reads would be a promise that nobody keeps.</summary>
    private static (string? Prompt, int? Frames) ReadQuery(HttpRequest request)
    {
        string? prompt = null;
        int? frames = null;
        foreach (var (name, values) in request.Query)
        {
            switch (name)
            {
                case "prompt" when values is [{ Length: > 0 } text]:
                    prompt = text;
                    break;
                case "frames" when values is [var text] && int.TryParse(text, NumberStyles.None, null, out var count) && count is >= 1 and <= MostFrames:
                    frames = count;
                    break;
                case "prompt":
                    throw new PipelineException("server.query", "prompt: expected one text", "leave it out for the default prompt");
                case "frames":
                    throw new PipelineException("server.query", $"frames = {values}: expected one whole number from 1 to {MostFrames}");
                default:
                    throw new PipelineException("server.query", $"{name}: there is no such parameter", "parameters: prompt, frames");
            }
        }

        return (prompt, frames);
    }

    private string NotThere() =>
        health.Dead ?? (health.Missing is [var first, ..] ? $"{first.What}: {first.Message}" : "the engine is not there yet");
}
