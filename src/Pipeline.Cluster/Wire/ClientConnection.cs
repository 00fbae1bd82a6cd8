using System.Runtime.CompilerServices;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>An engine's connection to one host. Reader and writer are independent; what is sent and who waits for it is the table's matter.</summary>
internal sealed class ClientConnection(CallTable table, NodeLink link, WireSocket socket, WireBufferPool buffers, WireIdentity identity)
{
    private readonly Stream _stream = socket.Stream;
    private readonly RequestLayout _layout = new(identity.Hidden);
    private volatile bool _closed;

    /// <summary>Set when there may be something to send.</summary>
    public WorkSignal Work { get; } = new();

    /// <summary>Sends and receives until the connection ends, by either side.</summary>
    /// <exception cref="FrameException">The other side broke the protocol.</exception>
    public async Task ServeAsync()
    {
        var writer = WriteAsync();
        try
        {
            await ReadAsync();
        }
        finally
        {
            Close();
            await writer;
        }
    }

    /// <summary>Ends both loops; from any thread, as often as one likes.</summary>
    public void Close()
    {
        _closed = true;
        socket.Close();
        Work.Set();
    }

    private async Task ReadAsync()
    {
        var head = new byte[FrameHeader.Bytes];
        while (await _stream.ReadHeadAsync(head))
        {
            var header = FrameHeader.Read(head);
            if (header is { Kind: FrameKind.Pong, Payload: 0 })
            {
                table.Hear(link, this);
                continue;
            }

            if (!IsReply(header))
            {
                throw new FrameException("a reply's head says the impossible");
            }

            WireBuffer? reply = null;
            if (header.Payload > 0)
            {
                reply = buffers.Rent(FrameHeader.Bytes + (long)header.Payload);
                try
                {
                    await _stream.ReadPayloadAsync(reply.Memory[FrameHeader.Bytes..]);
                }
                catch
                {
                    reply.Release();
                    throw;
                }
            }

            table.Answer(link, this, header, reply);
        }
    }

    private bool IsReply(in FrameHeader header) =>
        header.Kind == FrameKind.Reply
        && header.Detail <= (byte)ExpertOutcome.Failed
        && (header.Detail == (byte)ExpertOutcome.Done) == (header.Payload > 0)
        && (header.Payload == 0 || FrameHeader.Bytes + (long)header.Payload == _layout.ReplyBytes(header.Assignments))
        && FrameHeader.Bytes + (long)header.Payload <= identity.FrameBytes;

    private async Task WriteAsync()
    {
        var ping = new byte[FrameHeader.Bytes];
        new FrameHeader(FrameKind.Ping).Write(ping);
        var cancel = new byte[FrameHeader.Bytes];
        try
        {
            while (!_closed)
            {
                if (table.TakePing(link, this))
                {
                    await _stream.WriteAsync(ping);
                }

                if (table.TakeCancelled(link, this) is { } id)
                {
                    new FrameHeader(FrameKind.Cancel, Id: id).Write(cancel);
                    await _stream.WriteAsync(cancel);
                }
                else if (table.Take(link, this) is { } attempt)
                {
                    await SendAsync(attempt);
                }
                else
                {
                    await Work.WaitAsync();
                }
            }
        }
        catch (Exception exception) when (WireStream.IsLoss(exception))
        {
            // The reader sees the same end and reports it.
        }
        finally
        {
            Close();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(Attempt attempt)
    {
        try
        {
            await _stream.WriteAsync(attempt.Frame.Memory);
        }
        finally
        {
            table.Sent(attempt);
        }
    }
}
