using System.Net;
using System.Net.Sockets;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>Stands before a node and treats its replies badly: late, in another order, twice, or not at all.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ExpertHost _target;
    private readonly Random _random;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskGroup _tasks = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly TaskCompletionSource _released = new();
    private bool _holds;
    private long? _held;

    public FaultyProxy(ExpertHost target, int seed)
    {
        (_target, _random) = (target, new Random(seed));
        _listener.Start();
        Host = target with { Port = ((IPEndPoint)_listener.LocalEndpoint).Port };
        _tasks.Run(AcceptAsync);
    }

    public ExpertHost Host { get; }

    /// <summary>Share of replies that are lost.</summary>
    public double Lost { get; set; }

    /// <summary>Share of replies that come twice.</summary>
    public double Doubled { get; set; }

    /// <summary>Longest delay of a reply; each has its own, so they overtake each other.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Whether a decode step waits for the reply that is kept back.</summary>
    public bool IsHolding
    {
        get
        {
            lock (_lock)
            {
                return _held is not null;
            }
        }
    }

    /// <summary>Keeps back the reply to the next request of a decode step until <see cref="Release"/>; all others pass.</summary>
    public void HoldOne()
    {
        lock (_lock)
        {
            _holds = true;
        }
    }

    public void Release() => _released.TrySetResult();

    /// <summary>Resets all connections.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var socket in _open)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Dispose();
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Release();
        await _stopping.CancelAsync();
        _listener.Stop();
        Cut();
        await _tasks.WhenAll();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                _tasks.Run(() => ForwardAsync(socket));
            }
        }
        catch (Exception exception) when (WireStream.IsLoss(exception))
        {
            // The test is over.
        }
    }

    private async Task ForwardAsync(Socket socket)
    {
        using var node = new TcpClient();
        try
        {
            await node.ConnectAsync(_target.Host, _target.Port, _stopping.Token);
            lock (_lock)
            {
                _open.Add(socket);
            }

            socket.NoDelay = node.NoDelay = true;
            var stream = new NetworkStream(socket);
            var asked = AskAsync(stream, node.GetStream());
            var answered = AnswerAsync(node.GetStream(), stream);
            await Task.WhenAny(asked, answered);
            Close(socket);
            node.Dispose();
            await Task.WhenAll(asked, answered);
        }
        catch (Exception exception) when (WireStream.IsLoss(exception))
        {
            Close(socket);
        }
    }

    private void Close(Socket socket)
    {
        lock (_lock)
        {
            _open.Remove(socket);
            socket.Dispose();
        }
    }

    private async Task AskAsync(Stream client, Stream node)
    {
        while (await ReadAsync(client) is var (header, frame))
        {
            lock (_lock)
            {
                if (_holds && header is { Kind: FrameKind.Request, Detail: 1 })
                {
                    (_holds, _held) = (false, header.Id);
                }
            }

            await node.WriteAsync(frame, _stopping.Token);
        }
    }

    private async Task AnswerAsync(Stream node, Stream client)
    {
        using var turn = new SemaphoreSlim(1);
        var late = new List<Task>();
        try
        {
            while (await ReadAsync(node) is var (header, frame))
            {
                for (var copies = Copies(header.Kind); copies > 0; copies--)
                {
                    late.Add(SendAsync(client, frame, header, turn));
                }
            }
        }
        finally
        {
            await Task.WhenAll(late);
        }
    }

    /// <returns>Null where the stream has ended.</returns>
    private async Task<(FrameHeader Header, byte[] Frame)?> ReadAsync(Stream stream)
    {
        var head = new byte[FrameHeader.Bytes];
        if (!await stream.ReadHeadAsync(head, _stopping.Token))
        {
            return null;
        }

        var header = FrameHeader.Read(head);
        var frame = new byte[FrameHeader.Bytes + header.Payload];
        head.CopyTo(frame, 0);
        await stream.ReadPayloadAsync(frame.AsMemory(FrameHeader.Bytes), _stopping.Token);
        return (header, frame);
    }

    private async Task SendAsync(Stream client, byte[] frame, FrameHeader header, SemaphoreSlim turn)
    {
        if (header.Kind == FrameKind.Reply)
        {
            await (IsHeld(header.Id) ? _released.Task : Task.Delay(Delay * Next()));
        }

        await turn.WaitAsync();
        try
        {
            await client.WriteAsync(frame);
        }
        finally
        {
            turn.Release();
        }
    }

    private bool IsHeld(long id)
    {
        lock (_lock)
        {
            return _held == id;
        }
    }

    private int Copies(FrameKind kind) => kind != FrameKind.Reply ? 1 : Next() < Lost ? 0 : Next() < Doubled ? 2 : 1;

    private double Next()
    {
        lock (_random)
        {
            return _random.NextDouble();
        }
    }
}
