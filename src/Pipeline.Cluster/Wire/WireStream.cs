using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Pipeline.Cluster.Wire;

/// <summary>Whole frames off a stream.</summary>
internal static class WireStream
{
    /// <summary>Fills the memory with a frame's head; false where the stream ended before it.</summary>
    /// <exception cref="EndOfStreamException">The stream ended within.</exception>
    public static ValueTask<bool> ReadHeadAsync(this Stream stream, Memory<byte> memory, CancellationToken cancellation = default) =>
        FillAsync(stream, memory, mayEnd: true, cancellation);

    /// <summary>Fills the memory with what follows a head.</summary>
    /// <exception cref="EndOfStreamException">The stream ended within.</exception>
    public static ValueTask<bool> ReadPayloadAsync(this Stream stream, Memory<byte> memory, CancellationToken cancellation = default) =>
        FillAsync(stream, memory, mayEnd: false, cancellation);

    /// <summary>Whether an exception only says that the connection is gone.</summary>
    public static bool IsLoss(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<bool> FillAsync(Stream stream, Memory<byte> memory, bool mayEnd, CancellationToken cancellation)
    {
        for (var filled = 0; filled < memory.Length;)
        {
            var read = await stream.ReadAsync(memory[filled..], cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return filled == 0 && mayEnd ? false : throw new EndOfStreamException("the connection ended within a frame");
            }

            filled += read;
        }

        return true;
    }
}
