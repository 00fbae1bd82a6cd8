using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Pipeline.Server;

/// <summary>A node's HTTP server: <c>/health/live</c>, <c>/health/ready</c>, <c>/metrics</c> and, for an engine, <c>POST /v1/captions</c>.</summary>
public sealed class NodeServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly NodeMeters _meters;
    private int _ended;

    private NodeServer(WebApplication application, NodeMeters meters)
    {
        _application = application;
        _meters = meters;
    }

    /// <summary>Where it answers, with the port that it took: <c>http://127.0.0.1:8080</c>.</summary>
    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Starts answering.</summary>
    /// <param name="options">The block <c>pipeline.server</c>; its address is not empty.</param>
    /// <param name="health">What it tells about the node.</param>
    /// <param name="captions">Done when the engine is there; null for a node that captions nothing.</param>
    /// <exception cref="PipelineException">The address is no address, or cannot be listened on.</exception>
    public static async Task<NodeServer> StartAsync(ServerOptions options, INodeHealth health, Task<ICaptionService>? captions)
    {
        var endPoint = options.EndPoint() ?? throw new ArgumentException("There is no address to listen on.", nameof(options));
        UploadFile.Sweep();
        var application = Build(options, endPoint);
        HealthEndpoints.Map(application, health);
        application.MapPrometheusScrapingEndpoint("/metrics");
        if (captions is not null)
        {
            new CaptionEndpoint(options, health, captions).Map(application);
        }

        try
        {
            await application.StartAsync();
            return new NodeServer(application, new NodeMeters(health));
        }
        catch (IOException failure)
        {
            await application.DisposeAsync();
            throw new PipelineException(
                "server.listen", $"pipeline.server.listen = {options.Listen}: {failure.GetBaseException().Message}",
                "name another address, or end the process that has it", FailureKind.Outside, failure);
        }
    }

    /// <summary>Takes no more requests, lets those in flight end within <c>server.drain-deadline</c>, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 1)
        {
            return;
        }

        await _application.StopAsync();
        await _application.DisposeAsync();
        _meters.Dispose();
    }

    private static WebApplication Build(ServerOptions options, IPEndPoint endPoint)
    {
        // Empty: nothing is read from the environment or from files beside the program, all settings are our own.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.UploadBytes;
            kestrel.Listen(endPoint);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainDeadline);
        builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("pipeline")).WithMetrics(metrics => metrics
            .AddMeter(NodeMeters.Name, "System.Runtime", "Microsoft.AspNetCore.Hosting")
            .AddPrometheusExporter());
        return builder.Build();
    }

    /// <summary>Signals are the command line's to take: it ends the server in its own order.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
