using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Pipeline.Server;

/// <summary>
/// What a platform asks a node. <c>/health/live</c>: 200, or 503 where the process has to be started again.
/// <c>/health/ready</c>: 200, or 503 while something is missing, named in the answer.
/// </summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, INodeHealth health)
    {
        routes.MapGet("/health/live", context => WriteAsync(
            context, health.Dead is null, HealthJson.Default.LiveAnswer, new LiveAnswer(health.Dead is null, health.Dead)));
        routes.MapGet("/health/ready", context =>
        {
            IReadOnlyList<MissingPart> missing = health.Dead is { } dead ? [new MissingPart("device", dead)] : health.Missing;
            return WriteAsync(context, missing.Count == 0, HealthJson.Default.ReadyAnswer, new ReadyAnswer(missing.Count == 0, missing));
        });
    }

    private static Task WriteAsync<T>(HttpContext context, bool good, JsonTypeInfo<T> type, T answer)
    {
        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(answer, type, cancellationToken: context.RequestAborted);
    }
}

/// <summary>The body of <c>/health/live</c>.</summary>
internal sealed record LiveAnswer(bool Live, string? Reason);

/// <summary>The body of <c>/health/ready</c>.</summary>
internal sealed record ReadyAnswer(bool Ready, IReadOnlyList<MissingPart> Missing);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LiveAnswer))]
[JsonSerializable(typeof(ReadyAnswer))]
internal sealed partial class HealthJson : JsonSerializerContext;
