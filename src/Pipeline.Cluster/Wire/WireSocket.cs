using System.Net.Security;
using System.Net.Sockets;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Wire;

/// <summary>A connected socket and the stream over it, encrypted or not.</summary>
internal sealed class WireSocket : IDisposable
{
    private const int Tcp = 6;
    private const int UnsentBytes = 256 << 10;
    private const int VanishedSeconds = 60;

    private readonly Socket _socket;

    private WireSocket(Socket socket, Stream stream) => (_socket, Stream) = (socket, stream);

    public Stream Stream { get; }

    /// <summary>Takes over a socket that was accepted.</summary>
    public static Task<WireSocket> AcceptAsync(Socket socket, ClusterTls? tls, CancellationToken cancellation) =>
        OpenAsync(socket, tls is null ? null : secure => secure.AuthenticateAsServerAsync(tls.Server(), cancellation));

    public static async Task<WireSocket> ConnectAsync(ExpertHost host, ClusterTls? tls, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host.Host, host.Port, cancellation);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return await OpenAsync(socket, tls is null ? null : secure => secure.AuthenticateAsClientAsync(tls.Client(host.Host), cancellation));
    }

    /// <summary>Ends reads and writes that are under way; from any thread, as often as one likes.</summary>
    public void Close() => _socket.Dispose();

    public void Dispose()
    {
        Close();
        Stream.Dispose();
    }

    private static async Task<WireSocket> OpenAsync(Socket socket, Func<SslStream, Task>? authenticate)
    {
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            // A frame is written at once and waited for: nothing is gained by waiting for more.
            socket.NoDelay = true;
            KeepAlive(socket);
            LimitUnsent(socket);
            if (authenticate is not null)
            {
                var secure = new SslStream(stream);
                stream = secure;
                await authenticate(secure);
            }

            return new WireSocket(socket, stream);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>A peer that vanished without a word does not hold a connection for ever, whether anything is under way to it or not.</summary>
    private static void KeepAlive(Socket socket)
    {
        const int UserTimeout = 18;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, VanishedSeconds / 2);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, VanishedSeconds / 6);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(Tcp, UserTimeout, BitConverter.GetBytes(VanishedSeconds * 1000));
        }
    }

    /// <summary>Little waits in the kernel, so that an urgent frame passes what is not yet on the wire (tcp(7): TCP_NOTSENT_LOWAT).</summary>
    private static void LimitUnsent(Socket socket)
    {
        const int NotSentLowWater = 25;
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(Tcp, NotSentLowWater, BitConverter.GetBytes(UnsentBytes));
        }
    }
}
