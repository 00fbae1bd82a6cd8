namespace Pipeline.Cluster.Wire;

/// <summary>
/// What an engine has asked and of whom: calls, their attempts, and the links to hosts. Plain data under one lock, without sockets:
/// what must be done outside the lock (waking a pass, handing rows to this node's store, connecting) is put in an outbox, and
/// whoever leaves the lock empties it. Which thread asks, answers or loses a connection does not matter.
/// </summary>
/// <remarks>
/// The first matching reply ends a call. Its attempts then leave it, so that nothing that comes later finds it: a late reply
/// matches no id, a queued attempt is skipped, a frame that is being sent is held by its writer.
/// </remarks>
internal sealed partial class CallTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, ExpertCall> _live = [];
    private readonly Dictionary<ExpertHost, NodeLink> _links = [];
    private readonly Recycler<Attempt> _attempts = new(() => new Attempt());
    private readonly Queue<Action> _outbox = new();
    private readonly List<ExpertCall> _due = [];
    private readonly WireIdentity _identity;
    private readonly ExpertsOptions _options;
    private readonly IExpertDirectory _directory;
    private readonly ILinkDriver _driver;
    private readonly ClientMeters _meters;
    private readonly TimeProvider _clock;
    private readonly RequestLayout _layout;
    private readonly long _resendAfter;
    private readonly long _retryAfter;
    private long _lookedAt;
    private long _lastId;
    private bool _closed;

    public CallTable(
        WireIdentity identity, ExpertsOptions options, IExpertDirectory directory, ILinkDriver driver, ClientMeters meters, TimeProvider clock)
    {
        (_identity, _options, _directory, _driver, _meters, _clock) = (identity, options, directory, driver, meters, clock);
        _layout = new RequestLayout(identity.Hidden);
        _resendAfter = Stamps(options.ResendAfter);
        _retryAfter = Stamps(RetryAfter);
        _lookedAt = clock.GetTimestamp();
    }

    /// <summary>How often a host is looked for where none has a shard, beside each change that the directory tells.</summary>
    public static TimeSpan RetryAfter => TimeSpan.FromMilliseconds(50);

    /// <summary>Calls without an answer, for leak checks.</summary>
    public int Live
    {
        get
        {
            lock (_lock)
            {
                return _live.Count;
            }
        }
    }

    /// <summary>Attempts that somebody refers to, for leak checks.</summary>
    public int AttemptsAlive => _attempts.Alive;

    /// <summary>Sends all calls of an exchange on their way.</summary>
    public void Begin(ExpertExchange exchange)
    {
        lock (_lock)
        {
            var now = _clock.GetTimestamp();
            exchange.Failure = _closed ? Closed() : null;
            exchange.Remaining = _closed ? 0 : exchange.Calls.Count;
            for (var i = 0; i < exchange.Remaining; i++)
            {
                Begin(exchange.Calls[i], now);
            }
        }

        EmptyOutbox();
    }

    /// <summary>Whether all calls are answered, or one of them never will be: nothing of the exchange changes any more.</summary>
    public bool IsOver(ExpertExchange exchange)
    {
        lock (_lock)
        {
            return exchange.Remaining == 0 || exchange.Failure is not null;
        }
    }

    /// <summary>Whether a call still waits for its first reply.</summary>
    public bool IsLive(long id)
    {
        lock (_lock)
        {
            return _live.ContainsKey(id);
        }
    }

    /// <summary>Nobody wants the exchange any more: nothing of it changes after this.</summary>
    public void Abandon(ExpertExchange exchange)
    {
        lock (_lock)
        {
            DropLive(exchange);
        }
    }

    /// <summary>A reply came; its buffer is the table's from here on.</summary>
    /// <param name="link">Who replies.</param>
    /// <param name="connection">Over which connection; null for this node's own store.</param>
    /// <param name="header">The reply's head.</param>
    /// <param name="reply">The whole frame; null where it is a head alone.</param>
    /// <exception cref="FrameException">It is a reply to something that was not asked.</exception>
    public void Answer(NodeLink link, ClientConnection? connection, in FrameHeader header, WireBuffer? reply)
    {
        lock (_lock)
        {
            var now = _clock.GetTimestamp();
            Hear(link, connection, now);
            var attempt = _live.TryGetValue(header.Id, out var call) ? AttemptOn(link, call) : null;
            if (attempt is null)
            {
                _meters.LateReplies++;
                reply?.Release();
            }
            else if (header.Detail != (byte)Shards.ExpertOutcome.Done || reply is null)
            {
                reply?.Release();
                Refuse(attempt, now);
            }
            else if (header.Assignments != call!.Assignments || reply.Length != _layout.ReplyBytes(call.Assignments))
            {
                reply.Release();
                throw new FrameException("a reply does not match its request");
            }
            else
            {
                link.HasAnswered = true;
                link.Failures = 0;
                call.Reply = reply;
                _meters.AddAnswer(
                    call.Rows, link.IsLocal, reply.Length, _clock.GetElapsedTime(call.Began, attempt.SentAt), _clock.GetElapsedTime(attempt.SentAt, now), header);
                call.Attempts.Remove(attempt);
                Detach(attempt);
                Finish(call);
            }
        }

        EmptyOutbox();
    }

    /// <summary>Looks at all clocks: deadlines, silence, hosts that may be there again.</summary>
    /// <param name="changed">The directory has changed: whoever has no host looks again at once.</param>
    public void Tick(bool changed = false)
    {
        lock (_lock)
        {
            var now = _clock.GetTimestamp();
            ForgiveOwnStandstill(now);
            if (changed)
            {
                ConnectAhead(now);
            }

            CheckLinks(now);
            _due.AddRange(_live.Values);
            foreach (var call in _due)
            {
                if (call.IsLive)
                {
                    Check(call, now, changed);
                }
            }

            _due.Clear();
        }

        EmptyOutbox();
    }

    /// <summary>Fails whatever is under way, and all that comes.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _due.AddRange(_live.Values);
            foreach (var call in _due)
            {
                if (call.IsLive)
                {
                    Fail(call.Exchange, Closed());
                }
            }

            _due.Clear();
            foreach (var link in _links.Values)
            {
                link.Connection?.Close();
            }
        }

        EmptyOutbox();
    }

    private void Begin(ExpertCall call, long now)
    {
        call.Id = ++_lastId;
        call.IsLive = true;
        call.Began = now;
        call.Deadline = now + Stamps(_options.Deadline);
        call.ResendAt = now + _resendAfter;
        var header = new FrameHeader(
            FrameKind.Request,
            call.Exchange.Urgent ? (byte)1 : (byte)0,
            call.Id,
            call.Layer,
            call.Shard,
            call.Rows,
            call.Assignments,
            call.Frame.Length - FrameHeader.Bytes);
        header.Write(call.Frame.Span);
        _live.Add(call.Id, call);
        RouteOrPark(call, now);
    }

    private void Check(ExpertCall call, long now, bool changed)
    {
        if (now >= call.Deadline)
        {
            Fail(call.Exchange, OutOfReach(call));
        }
        else if (!HasActive(call))
        {
            if (changed || now >= call.RetryAt)
            {
                // Who refused before may have it now.
                Detach(call);
                RouteOrPark(call, now);
            }
        }
        else if (changed && call.Resends > 0 && TryRoute(call, now))
        {
            // It waits in vain so far, and somebody has come who may have it.
            _meters.Hedges++;
        }
        else if (now >= call.ResendAt)
        {
            call.Resends++;
            call.ResendAt = now + (_resendAfter << Math.Min(call.Resends, 4));
            if (TryRoute(call, now))
            {
                _meters.Hedges++;
                MarkSlow(call, now);
            }
            else
            {
                SendAgain(call, now);
            }
        }
    }

    /// <summary>Another host for the call: the best that it was not sent to.</summary>
    private bool TryRoute(ExpertCall call, long now)
    {
        NodeLink? best = null;
        var hosts = _directory.HostsOf(call.Shard);
        for (var i = 0; i < hosts.Count; i++)
        {
            var link = LinkTo(hosts[i], now);
            if (AttemptOn(link, call) is null && IsFit(link, call) && Rank(link, now) is { } rank && (best is null || IsBetter(link, rank, best, Rank(best, now))))
            {
                best = link;
            }
        }

        if (best is null)
        {
            return false;
        }

        Send(call, best, now);
        return true;
    }

    private void RouteOrPark(ExpertCall call, long now)
    {
        if (!TryRoute(call, now))
        {
            call.RetryAt = now + _retryAfter;
        }
    }

    private void Refuse(Attempt attempt, long now)
    {
        var call = attempt.Call!;
        _meters.NotHeld++;
        call.Trouble = $"{attempt.Link.Host.Node} does not hold it now";
        if (attempt.State == AttemptState.Sending)
        {
            // Sent a second time, and perhaps dropped there as already under way: the one answer holds for both, once the writer is done.
            attempt.RefusedMeanwhile = true;
            return;
        }

        if (attempt.State != AttemptState.Sent)
        {
            // It waits to be sent once more, and will be answered once more.
            return;
        }

        ReleaseBytes(attempt);
        attempt.State = AttemptState.Refused;
        if (!HasActive(call))
        {
            RouteOrPark(call, now);
        }
    }

    private void Finish(ExpertCall call)
    {
        var exchange = call.Exchange;
        Drop(call);
        if (--exchange.Remaining == 0)
        {
            _outbox.Enqueue(exchange.Wake);
        }
    }

    private void Fail(ExpertExchange exchange, PipelineException failure)
    {
        exchange.Failure = failure;
        DropLive(exchange);
        _outbox.Enqueue(exchange.Wake);
    }

    private void DropLive(ExpertExchange exchange)
    {
        foreach (var call in exchange.Calls)
        {
            if (call.IsLive)
            {
                Drop(call);
            }
        }
    }

    private void Drop(ExpertCall call)
    {
        call.IsLive = false;
        _live.Remove(call.Id);
        Cancel(call);
        Detach(call);
    }

    private PipelineException OutOfReach(ExpertCall call)
    {
        var nodes = string.Join(", ", _directory.HostsOf(call.Shard).Select(host => LinkTo(host, call.Began).Trouble ?? $"{host.Node} does not answer"));
        var why = _directory.Unplaced(call.Shard) ?? call.Trouble ?? (nodes.Length > 0 ? nodes : "no node holds it");
        return new PipelineException(
            "experts.unreachable",
            $"expert shard {call.Shard}: {why}; nothing came within pipeline.experts.deadline = {_options.Deadline.TotalSeconds:0.#}s",
            "start expert nodes with room for it, or raise pipeline.experts.deadline",
            FailureKind.Outside);
    }

    private static PipelineException Closed() =>
        new("experts.closed", "the connections to the experts are closed: this node is ending", kind: FailureKind.Outside);

    private void EmptyOutbox()
    {
        while (true)
        {
            Action? action;
            lock (_lock)
            {
                if (!_outbox.TryDequeue(out action))
                {
                    return;
                }
            }

            action();
        }
    }

    private long Stamps(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);
}
