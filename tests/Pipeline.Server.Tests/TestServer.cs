namespace Pipeline.Server.Tests;

/// <summary>A server on a free port of loopback, and a client of it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly NodeServer _server;

    private TestServer(NodeServer server)
    {
        _server = server;
        Client = new HttpClient { BaseAddress = server.Address };
    }

    public static ServerOptions Options { get; } = new(
        "127.0.0.1:0", UploadBytes: 1 << 20, UploadDeadline: TimeSpan.FromMinutes(1), RequestsInFlight: 2, OutsideDeadline: TimeSpan.Zero,
        DrainDeadline: TimeSpan.FromSeconds(20));

    public HttpClient Client { get; }

    public Uri Address => _server.Address;

    public static async Task<TestServer> StartAsync(INodeHealth health, ServerOptions? options = null, Task<ICaptionService>? captions = null) =>
        new(await NodeServer.StartAsync(options ?? Options, health, captions));

    public async Task StopAsync() => await _server.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }
}
