using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pipeline.Server;

/// <summary>A node's HTTP server: <c>/health/live</c>, <c>/health/ready</c>, <c>/metrics</c> and, for an engine, <c>POST /v1/captions</c>.</summary>
public sealed class NodeServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private NodeServer(WebApplication application)
    {
        _application = application;
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
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(endPoint);
        });
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainDeadline);
        builder.Logging.ClearProviders();
        var application = builder.Build();
        HealthEndpoints.Map(application, health);
        try
        {
            await application.StartAsync();
        }
        catch (IOException failure)
        {
            await application.DisposeAsync();
            throw new PipelineException(
                "server.listen", $"pipeline.server.listen = {options.Listen}: {failure.GetBaseException().Message}",
                "name another address, or end the process that has it", FailureKind.Outside, failure);
        }

        return new NodeServer(application);
    }

    /// <summary>Takes no more requests, lets those in flight end within <c>server.drain-deadline</c>, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }
}
