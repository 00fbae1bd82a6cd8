using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// The data plane's listener of a node that holds experts: engines connect, send rows, and get one row an assignment. It is bound
/// before the node joins, as the others must be told the port, and serves once there is a store.
/// </summary>
public sealed class ExpertListener : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly ExpertsOptions _options;
    private readonly ClusterTls? _tls;
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly TaskGroup _connections = new();
    private readonly WireBufferPool _buffers = new();
    private readonly Recycler<IncomingRequest> _requests = new(() => new IncomingRequest());
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private volatile ListenerService? _service;
    private int _disposed;

    private ExpertListener(Socket socket, ExpertsOptions options, ClusterTls? tls)
    {
        (_socket, _options, _tls) = (socket, options, tls);
        _accepting = AcceptAsync();
    }

    /// <summary>The port that is bound.</summary>
    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public ListenerMeters Meters { get; } = new();

    /// <summary>Buffers that connections hold, for leak checks.</summary>
    internal int BuffersRented => _buffers.Rented;

    /// <summary>Binds the port; who connects is told to come again until <see cref="Serve"/>.</summary>
    /// <param name="address">Address to bind.</param>
    /// <param name="port">Port to bind; 0 takes one that is free.</param>
    /// <param name="options">Sizes and times.</param>
    /// <param name="tls">Null for plain sockets, on networks that are trusted.</param>
    /// <exception cref="PipelineException">The port cannot be bound.</exception>
    public static ExpertListener Bind(IPAddress address, int port, ExpertsOptions options, ClusterTls? tls = null)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new PipelineException(
                "cluster.data-port", $"{address}:{port} cannot be bound: {failure.Message}", "choose another pipeline.cluster.data-port; 0 takes one that is free",
                FailureKind.Input, failure);
        }

        return new ExpertListener(socket, options, tls);
    }

    /// <summary>Serves from now on; connections of before come again by themselves.</summary>
    /// <param name="identity">Who the node is.</param>
    /// <param name="map">How the experts are divided.</param>
    /// <param name="enqueue">Hands a request to the store, which completes it exactly once.</param>
    public void Serve(WireIdentity identity, ShardMap map, Action<ExpertRequest> enqueue) =>
        _service = new ListenerService(identity, new RequestRules(new ShardTable(map), identity), enqueue, _buffers, _requests, Meters);

    /// <summary>Closes all connections; requests that the store is computing are dropped when it has completed them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        _socket.Dispose();
        await _accepting;
        lock (_lock)
        {
            foreach (var socket in _open)
            {
                socket.Dispose();
            }
        }

        await _connections.WhenAll();
        _stopping.Dispose();
        Meters.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(_stopping.Token);
                _connections.Run(() => HoldAsync(socket));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A peer that is gone before it was accepted, or no file handle left: others are accepted later.
                await Task.Delay(TimeSpan.FromMilliseconds(10));
            }
        }
    }

    /// <summary>A connection from its first byte to its last.</summary>
    private async Task HoldAsync(Socket socket)
    {
        try
        {
            if (TryAdd(socket))
            {
                await ServeAsync(socket);
            }
            else
            {
                Meters.AddRefused();
            }
        }
        catch (Exception exception) when (WireStream.IsLoss(exception))
        {
            // The engine went away, or this node does.
        }
        catch (Exception exception) when (exception is RefusedException or AuthenticationException)
        {
            Meters.AddRefused();
        }
        catch (FrameException)
        {
            Meters.AddBroken();
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(socket);
            }

            socket.Dispose();
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(_options.ResendAfter);
        using var wire = await WireSocket.AcceptAsync(socket, _tls, patience.Token);
        var service = _service;
        if (await Handshake.AnswerAsync(wire.Stream, service?.Identity, _options.MixedPaths, patience.Token) is null)
        {
            return;
        }

        Meters.AddOpen(1);
        try
        {
            await new ListenerConnection(service!, wire, _options.BytesOutstanding).ServeAsync();
        }
        finally
        {
            Meters.AddOpen(-1);
        }
    }

    private bool TryAdd(Socket socket)
    {
        lock (_lock)
        {
            return !_stopping.IsCancellationRequested && _open.Count < _options.Connections && _open.Add(socket);
        }
    }
}
