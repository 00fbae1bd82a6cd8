using System.Security.Authentication;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// An engine's side of the data plane, one a process: its passes ask for experts, the rows go to whoever holds them, this node's own
/// store included, and the first matching reply ends a request. See <see cref="CallTable"/> for what happens when hosts fall silent.
/// </summary>
public sealed class ExpertClient : IAsyncDisposable, ILinkDriver
{
    private readonly WireIdentity _identity;
    private readonly ExpertsOptions _options;
    private readonly IExpertDirectory _directory;
    private readonly ClusterTls? _tls;
    private readonly TimeProvider _clock;
    private readonly Recycler<LocalRequest> _local;
    private readonly TaskGroup _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private int _disposed;

    private ExpertClient(
        WireIdentity identity, ExpertsOptions options, IExpertDirectory directory, Action<ExpertRequest> enqueue, ClusterTls? tls, TimeProvider clock)
    {
        (_identity, _options, _directory, _tls, _clock) = (identity, options, directory, tls, clock);
        _local = new Recycler<LocalRequest>(() => new LocalRequest(enqueue, _local!));
        Table = new CallTable(identity, options, directory, this, Meters, clock);
        directory.Changed += OnChanged;

        // Fine enough for the shortest of its clocks, and nothing beside a step.
        var period = TimeSpan.FromTicks(Math.Clamp(options.ResendAfter.Ticks / 8, TimeSpan.TicksPerMillisecond, CallTable.RetryAfter.Ticks / 2));
        _timer = clock.CreateTimer(_ => Table.Tick(), null, period, period);
    }

    public ClientMeters Meters { get; } = new();

    internal CallTable Table { get; }

    internal WireBufferPool Buffers { get; } = new();

    internal Recycler<ExpertCall> Calls { get; } = new(() => new ExpertCall());

    internal WireIdentity Identity => _identity;

    /// <summary>Requests that this node's own store has, for leak checks.</summary>
    internal int LocalAlive => _local.Alive;

    /// <summary>Starts a client; it connects when there is something to ask.</summary>
    /// <param name="identity">Who this node is.</param>
    /// <param name="options">Sizes and times.</param>
    /// <param name="directory">Who holds what.</param>
    /// <param name="enqueue">Hands a request to this node's own store, which completes it exactly once; never called where the directory never names <see cref="ExpertHost.Local"/>.</param>
    /// <param name="tls">Null for plain sockets, on networks that are trusted.</param>
    /// <param name="clock">For tests.</param>
    public static ExpertClient Start(
        WireIdentity identity,
        ExpertsOptions options,
        IExpertDirectory directory,
        Action<ExpertRequest> enqueue,
        ClusterTls? tls = null,
        TimeProvider? clock = null) => new(identity, options, directory, enqueue, tls, clock ?? TimeProvider.System);

    /// <summary>Closes the connections; what is still asked for fails.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _directory.Changed -= OnChanged;
        await _timer.DisposeAsync();
        await _stopping.CancelAsync();
        Table.Close();
        await _connections.WhenAll();
        _stopping.Dispose();
        Meters.Dispose();
    }

    void ILinkDriver.Connect(NodeLink link) => _connections.Run(() => HoldAsync(link));

    Action ILinkDriver.Serve(NodeLink link, ExpertCall call)
    {
        var request = _local.Take();
        request.Begin(Table, link, call, Buffers.Rent(new RequestLayout(_identity.Hidden).ReplyBytes(call.Assignments)));
        return request.Submit;
    }

    /// <summary>A connection from its first byte to its last.</summary>
    private async Task HoldAsync(NodeLink link)
    {
        ClientConnection? connection = null;
        var trouble = $"{link.Host.Node} closed the connection";
        try
        {
            using var socket = await OpenAsync(link.Host);
            connection = new ClientConnection(Table, link, socket, Buffers, _identity);
            if (Table.Opened(link, connection))
            {
                await connection.ServeAsync();
            }
        }
        catch (OperationCanceledException)
        {
            trouble = $"{link.Host.Node} ({link.Host.Host}:{link.Host.Port}) does not answer";
        }
        catch (Exception exception) when (WireStream.IsLoss(exception) || exception is AuthenticationException)
        {
            trouble = $"{link.Host.Node} ({link.Host.Host}:{link.Host.Port}): {exception.Message}";
        }
        catch (RefusedException exception)
        {
            trouble = exception.Message;
        }
        catch (FrameException exception)
        {
            trouble = $"{link.Host.Node} ({link.Host.Host}:{link.Host.Port}): {exception.Message}";
            Table.CountBroken();
        }
        finally
        {
            Table.Lost(link, connection, trouble);
        }
    }

    private async Task<WireSocket> OpenAsync(ExpertHost host)
    {
        using var patience = new CancellationTokenSource(_options.ResendAfter, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stopping.Token);
        var socket = await WireSocket.ConnectAsync(host, _tls, either.Token);
        try
        {
            await Handshake.AskAsync(socket.Stream, _identity, _options.MixedPaths, either.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void OnChanged() => Table.Tick(changed: true);
}
