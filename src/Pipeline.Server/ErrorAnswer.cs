using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Pipeline.Engine;

namespace Pipeline.Server;

/// <summary>The body of every answer that is no caption.</summary>
/// <param name="Code">Stable name of the failure: <c>media.no-video</c>.</param>
internal sealed record ErrorAnswer(string Code, string Message, string? Hint)
{
    /// <summary>Seconds after which a client may come again where the time will tell.</summary>
    private const string RetryAfter = "5";

    /// <summary>
    /// Writes the failure with the status that it means: 400 for what the request decides, 408, 413 and 429 for the server's
    /// bounds, 503 for what may pass outside of it, 500 for its own.
    /// </summary>
    public static Task WriteAsync(HttpContext context, Exception failure, ServerOptions options)
    {
        var (status, answer) = Of(failure, options);
        context.Response.StatusCode = status;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = RetryAfter;
        }

        return context.Response.WriteAsJsonAsync(answer, ErrorJson.Default.ErrorAnswer, cancellationToken: context.RequestAborted);
    }

    private static (int Status, ErrorAnswer Answer) Of(Exception failure, ServerOptions options) => failure switch
    {
        BusyException busy => (StatusCodes.Status429TooManyRequests, Of(busy)),
        DeviceLostException lost => (StatusCodes.Status503ServiceUnavailable, Of(lost)),
        PipelineException { Kind: FailureKind.Input } input => (StatusCodes.Status400BadRequest, Of(input)),
        PipelineException { Kind: FailureKind.Outside } outside => (StatusCodes.Status503ServiceUnavailable, Of(outside)),
        PipelineException own => (StatusCodes.Status500InternalServerError, Of(own)),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => (
            StatusCodes.Status413PayloadTooLarge,
            new ErrorAnswer(
                "server.too-large", $"the upload is larger than pipeline.server.upload-bytes = {options.UploadBytes}", "cut or shrink the file, or raise the setting")),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => (
            StatusCodes.Status408RequestTimeout,
            new ErrorAnswer(
                "server.too-slow", $"the upload took longer than pipeline.server.upload-deadline = {options.UploadDeadline.TotalSeconds:0.###}s", "send a smaller file, or raise the setting")),
        BadHttpRequestException bad => (bad.StatusCode, new ErrorAnswer("server.bad-request", bad.Message, Hint: null)),
        _ => (
            StatusCodes.Status500InternalServerError,
            new ErrorAnswer("server.unexpected", $"{failure.GetType().Name}: {failure.Message}", "please report this")),
    };

    private static ErrorAnswer Of(PipelineException failure) => new(failure.Code, failure.Message, failure.Hint);
}

/// <summary>As much is in flight as may be.</summary>
internal sealed class BusyException(ServerOptions options) : PipelineException(
    "server.busy", $"{options.RequestsInFlight} requests are in flight (pipeline.server.requests-in-flight)", "come again", FailureKind.Outside);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class ErrorJson : JsonSerializerContext;
