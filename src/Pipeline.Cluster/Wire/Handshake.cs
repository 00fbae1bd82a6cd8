using System.Text;

namespace Pipeline.Cluster.Wire;

/// <summary>The first frames of a connection: both sides say who they are, and either may refuse.</summary>
internal static class Handshake
{
    /// <summary>The connecting side. Returns who answers.</summary>
    /// <exception cref="RefusedException">Either side does not want the other.</exception>
    /// <exception cref="FrameException">The other side breaks the protocol.</exception>
    public static async Task<WireIdentity> AskAsync(Stream stream, WireIdentity self, bool mixedPaths, CancellationToken cancellation)
    {
        await SendAsync(stream, FrameKind.Hello, self.Encode(), cancellation);
        var other = await ReceiveAsync(stream, cancellation) ?? throw new EndOfStreamException("the connection was closed before it was answered");
        return self.Refuses(other, mixedPaths) is { } reason ? throw new RefusedException(reason) : other;
    }

    /// <summary>The side that was connected to. Returns who asks; null where it left without a word.</summary>
    /// <exception cref="RefusedException">The other side is not wanted, and was told so.</exception>
    /// <exception cref="FrameException">The other side breaks the protocol.</exception>
    public static async Task<WireIdentity?> AnswerAsync(Stream stream, WireIdentity? self, bool mixedPaths, CancellationToken cancellation)
    {
        if (await ReceiveAsync(stream, cancellation) is not { } other)
        {
            return null;
        }

        if ((self is null ? "the node holds no experts yet" : self.Refuses(other, mixedPaths)) is { } reason)
        {
            await SendAsync(stream, FrameKind.Refusal, Encoding.UTF8.GetBytes(reason), cancellation);
            throw new RefusedException(reason);
        }

        await SendAsync(stream, FrameKind.Hello, self!.Encode(), cancellation);
        return other;
    }

    private static async Task SendAsync(Stream stream, FrameKind kind, byte[] payload, CancellationToken cancellation)
    {
        var frame = new byte[FrameHeader.Bytes + payload.Length];
        new FrameHeader(kind, Payload: payload.Length).Write(frame);
        payload.CopyTo(frame, FrameHeader.Bytes);
        await stream.WriteAsync(frame, cancellation);
    }

    private static async Task<WireIdentity?> ReceiveAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new byte[FrameHeader.Bytes];
        if (!await stream.ReadHeadAsync(head, cancellation))
        {
            return null;
        }

        var header = FrameHeader.Read(head);
        if (header.Kind > FrameKind.Refusal || header.Payload is 0 or > WireIdentity.MaxBytes)
        {
            throw new FrameException("the first frame is no hello");
        }

        var payload = new byte[header.Payload];
        await stream.ReadPayloadAsync(payload, cancellation);
        return header.Kind == FrameKind.Hello ? WireIdentity.Decode(payload) : throw new RefusedException(Printable(payload));
    }

    private static string Printable(byte[] text) =>
        string.Concat(Encoding.UTF8.GetString(text).Select(letter => char.IsControl(letter) ? ' ' : letter));
}
