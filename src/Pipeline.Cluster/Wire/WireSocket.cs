using System.Net.Sockets;

namespace Pipeline.Cluster.Wire;

/// <summary>A connected socket and the stream over it, encrypted or not.</summary>
internal sealed class WireSocket : IDisposable
{
    private readonly Socket _socket;

    private WireSocket(Socket socket, Stream stream) => (_socket, Stream) = (socket, stream);

    public Stream Stream { get; }

    /// <summary>Takes over a socket that was accepted.</summary>
    public static Task<WireSocket> AcceptAsync(Socket socket, WireTls? tls, CancellationToken cancellation) =>
        OpenAsync(socket, stream => tls is null ? Task.FromResult(stream) : tls.AcceptAsync(stream, cancellation));

    public static async Task<WireSocket> ConnectAsync(ExpertHost host, WireTls? tls, CancellationToken cancellation)
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

        return await OpenAsync(socket, stream => tls is null ? Task.FromResult(stream) : tls.ConnectAsync(stream, cancellation));
    }

    /// <summary>Ends reads and writes that are under way; from any thread, as often as one likes.</summary>
    public void Close() => _socket.Dispose();

    public void Dispose()
    {
        Close();
        Stream.Dispose();
    }

    private static async Task<WireSocket> OpenAsync(Socket socket, Func<Stream, Task<Stream>> secure)
    {
        try
        {
            // A frame is written at once and waited for: nothing is gained by waiting for more.
            socket.NoDelay = true;
            return new WireSocket(socket, await secure(new NetworkStream(socket, ownsSocket: true)));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
