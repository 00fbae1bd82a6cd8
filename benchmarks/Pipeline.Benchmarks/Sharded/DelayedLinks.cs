using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Pipeline.Cluster.Wire;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>
/// A network with a longer round trip than loopback: stands before each host and passes on what it says so much later. The bytes
/// themselves are not slowed down. On threads of its own, as timers of the pool are late by up to a millisecond.
/// </summary>
internal sealed partial class DelayedLinks : IExpertDirectory, IDisposable
{
    private const int ChunkBytes = 64 << 10;
    private const int ChunksUnderWay = 4096;

    private readonly long _delay;
    private readonly ExpertHost[][] _hosts;
    private readonly List<TcpListener> _listeners = [];
    private readonly ConcurrentBag<Socket> _open = [];

    /// <param name="directory">The hosts, as they are now and will remain.</param>
    /// <param name="shards">How many shards there are.</param>
    /// <param name="delay">What a round trip takes longer.</param>
    public DelayedLinks(IExpertDirectory directory, int shards, TimeSpan delay)
    {
        _delay = (long)(delay.TotalSeconds * Stopwatch.Frequency);
        var links = new Dictionary<ExpertHost, ExpertHost>();
        _hosts = [.. Enumerable.Range(0, shards).Select(shard => directory.HostsOf(shard).Select(host => Link(links, host)).ToArray())];
    }

    /// <summary>Never: the hosts remain.</summary>
    public event Action? Changed
    {
        add { }
        remove { }
    }

    public int Shards => _hosts.Length;

    public IReadOnlyList<ExpertHost> HostsOf(int shard) => _hosts[shard];

    public string? Unplaced(int shard) => null;

    public void Dispose()
    {
        _listeners.ForEach(listener => listener.Stop());
        foreach (var socket in _open)
        {
            socket.Dispose();
        }
    }

    private ExpertHost Link(Dictionary<ExpertHost, ExpertHost> links, ExpertHost host)
    {
        if (!links.TryGetValue(host, out var link))
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            _listeners.Add(listener);
            links.Add(host, link = host with { Port = ((IPEndPoint)listener.LocalEndpoint).Port });
            Start(() => Accept(listener, host));
        }

        return link;
    }

    private void Accept(TcpListener listener, ExpertHost host)
    {
        while (true)
        {
            var engine = listener.AcceptSocket();
            var node = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            engine.NoDelay = true;
            _open.Add(engine);
            _open.Add(node);
            node.Connect(host.Host, host.Port);
            var late = new BlockingCollection<(long Due, byte[] Bytes)>(ChunksUnderWay);
            Start(() => Pass(engine, chunk => node.Send(chunk)));
            Start(() => Pass(node, chunk => late.Add((Stopwatch.GetTimestamp() + _delay, chunk.ToArray()))));
            Start(() =>
            {
                foreach (var (due, bytes) in late.GetConsumingEnumerable())
                {
                    Wait(due);
                    engine.Send(bytes);
                }
            });
        }
    }

    private static void Pass(Socket source, ReadOnlySpanAction forward)
    {
        var chunk = new byte[ChunkBytes];
        while (source.Receive(chunk) is var bytes and > 0)
        {
            forward(chunk.AsSpan(0, bytes));
        }
    }

    private static void Wait(long due)
    {
        if (due - Stopwatch.GetTimestamp() is var left and > 0)
        {
            Sleep((uint)(left * 1_000_000 / Stopwatch.Frequency));
        }
    }

    private static void Start(Action action) => new Thread(() =>
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One of the two ends is gone.
        }
    })
    { IsBackground = true }.Start();

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);

    private delegate void ReadOnlySpanAction(ReadOnlySpan<byte> chunk);
}
