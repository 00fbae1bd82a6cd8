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
            var asked = stream.CopyToAsync(node.GetStream(), _stopping.Token);
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

    private async Task AnswerAsync(Stream node, Stream client)
    {
        using var turn = new SemaphoreSlim(1);
        var late = new List<Task>();
        try
        {
            var head = new byte[FrameHeader.Bytes];
            while (await node.ReadHeadAsync(head))
            {
                var header = FrameHeader.Read(head);
                var frame = new byte[FrameHeader.Bytes + header.Payload];
                head.CopyTo(frame, 0);
                await node.ReadPayloadAsync(frame.AsMemory(FrameHeader.Bytes));
                for (var copies = Copies(header.Kind); copies > 0; copies--)
                {
                    late.Add(SendAsync(client, frame, header.Kind, turn));
                }
            }
        }
        finally
        {
            await Task.WhenAll(late);
        }
    }

    private async Task SendAsync(Stream client, byte[] frame, FrameKind kind, SemaphoreSlim turn)
    {
        if (kind == FrameKind.Reply && Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay * Next());
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

    private int Copies(FrameKind kind) => kind != FrameKind.Reply ? 1 : Next() < Lost ? 0 : Next() < Doubled ? 2 : 1;

    private double Next()
    {
        lock (_random)
        {
            return _random.NextDouble();
        }
    }
}
