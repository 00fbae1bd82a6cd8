using System.Runtime.CompilerServices;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// An engine's connection at the node that computes for it. Its reader takes requests in while it holds fewer bytes than its
/// budget; its writer sends answers, urgent ones first; neither waits for the other. A request belongs to the reader until its
/// bytes are checked, then to the store until it is completed, then to the writer.
/// </summary>
internal sealed class ListenerConnection(ListenerService service, WireSocket socket, long budget)
{
    private readonly Lock _lock = new();
    private readonly Queue<IncomingRequest> _urgent = new();
    private readonly Queue<IncomingRequest> _patient = new();
    private readonly Dictionary<long, IncomingRequest> _computing = [];
    private readonly WorkSignal _answered = new();
    private readonly WorkSignal _room = new();
    private readonly Stream _stream = socket.Stream;
    private long _held;
    private bool _pinged;
    private volatile bool _closed;

    /// <summary>Whether nobody is there any more to be answered.</summary>
    public bool IsClosed => _closed;

    /// <summary>Reads and answers until the connection ends, by either side.</summary>
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

    /// <summary>Ends both loops. What the store is computing for the connection is dropped when it is done.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }

        socket.Close();
        _answered.Set();
        _room.Set();
    }

    /// <summary>The store is done with a request.</summary>
    public void Answered(IncomingRequest request)
    {
        lock (_lock)
        {
            if (!_closed)
            {
                (request.Urgent ? _urgent : _patient).Enqueue(request);
                _answered.Set();
                return;
            }
        }

        Return(request);
    }

    private async Task ReadAsync()
    {
        var head = new byte[FrameHeader.Bytes];
        while (await _stream.ReadHeadAsync(head))
        {
            var header = FrameHeader.Read(head);
            if (header is { Kind: FrameKind.Ping, Payload: 0 })
            {
                Ping();
                continue;
            }

            if (header is { Kind: FrameKind.Cancel, Payload: 0 })
            {
                Cancel(header.Id);
                continue;
            }

            var frameBytes = FrameHeader.Bytes + (long)header.Payload;
            var replyBytes = service.Rules.ReplyBytes(header);
            while (!TryReserve(frameBytes + replyBytes))
            {
                await _room.WaitAsync();
            }

            var request = service.Requests.Take();
            request.Begin(this, header, service.Buffers.Rent(frameBytes), service.Buffers.Rent(replyBytes));
            try
            {
                await _stream.ReadPayloadAsync(request.Payload);
                service.Rules.Check(request);
            }
            catch
            {
                Return(request);
                throw;
            }

            Submit(request);
        }
    }

    private async Task WriteAsync()
    {
        var pong = new byte[FrameHeader.Bytes];
        new FrameHeader(FrameKind.Pong).Write(pong);
        try
        {
            while (!_closed)
            {
                if (TakePing())
                {
                    await _stream.WriteAsync(pong);
                }

                if (TakeAnswer() is { } request)
                {
                    await SendAsync(request);
                }
                else
                {
                    await _answered.WaitAsync();
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
            while (TakeAnswer() is { } request)
            {
                Return(request);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(IncomingRequest request)
    {
        try
        {
            service.Meters.AddSent(request.Answer.Length);
            await _stream.WriteAsync(request.Answer);
        }
        finally
        {
            Return(request);
        }
    }

    private void Submit(IncomingRequest request)
    {
        bool isNew;
        lock (_lock)
        {
            // An engine that heard nothing asks again: what is being computed is computed once.
            isNew = _computing.TryAdd(request.Id, request);
        }

        if (isNew)
        {
            service.Meters.AddRequest(request.Rows, request.Bytes);
            service.Enqueue(request);
        }
        else
        {
            Return(request);
        }
    }

    private bool TryReserve(long bytes)
    {
        lock (_lock)
        {
            if (_held > 0 && _held + bytes > budget && !_closed)
            {
                return false;
            }

            _held += bytes;
            return true;
        }
    }

    /// <summary>A request that is answered already, or was never sent, needs none.</summary>
    private void Cancel(long id)
    {
        lock (_lock)
        {
            // Once it is closed, requests are given back without being taken out here.
            if (!_closed && _computing.TryGetValue(id, out var request))
            {
                request.Cancel();
            }
        }
    }

    private void Ping()
    {
        lock (_lock)
        {
            _pinged = true;
        }

        _answered.Set();
    }

    private bool TakePing()
    {
        lock (_lock)
        {
            var pinged = _pinged;
            _pinged = false;
            return pinged;
        }
    }

    private IncomingRequest? TakeAnswer()
    {
        lock (_lock)
        {
            if (_urgent.TryDequeue(out var request) || _patient.TryDequeue(out request))
            {
                _computing.Remove(request.Id);
            }

            return request;
        }
    }

    private void Return(IncomingRequest request)
    {
        lock (_lock)
        {
            _held -= request.Bytes;
        }

        _room.Set();
        request.End();
        service.Requests.Give(request);
    }
}
