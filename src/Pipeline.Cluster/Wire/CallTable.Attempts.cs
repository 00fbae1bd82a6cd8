namespace Pipeline.Cluster.Wire;

/// <summary>The attempts of calls: queued for a link, sent, sent again, cancelled and freed.</summary>
internal sealed partial class CallTable
{
    private const int SlowFactor = 16;

    /// <summary>The next attempt to be sent, most urgent first; null where none waits, or none fits in what may be outstanding.</summary>
    /// <remarks>Its frame is held for the writer until <see cref="Sent"/>.</remarks>
    public Attempt? Take(NodeLink link, ClientConnection connection)
    {
        lock (_lock)
        {
            while (link.Connection == connection && link.TryPeek(out var attempt))
            {
                if (attempt.Call is not null && link.Outstanding > 0 && link.Outstanding + attempt.Bytes > _options.BytesOutstanding)
                {
                    return null;
                }

                link.Dequeue();
                if (attempt.Call is null)
                {
                    Free(attempt);
                    continue;
                }

                var now = _clock.GetTimestamp();
                if (link.Outstanding == 0)
                {
                    // It owed nothing until now.
                    link.HeardAt = now;
                }

                link.Outstanding += attempt.Bytes;
                (attempt.State, attempt.SentAt) = (AttemptState.Sending, now);
                attempt.Frame.Hold();
                return attempt;
            }

            return null;
        }
    }

    /// <summary>The writer is done with an attempt, whether it went out or the connection broke.</summary>
    public void Sent(Attempt attempt)
    {
        var frame = attempt.Frame;
        lock (_lock)
        {
            _meters.BytesSent += frame.Length;
            if (attempt.Call is null)
            {
                Free(attempt);
            }
            else
            {
                attempt.State = AttemptState.Sent;
                if (attempt.RefusedMeanwhile)
                {
                    Refuse(attempt, _clock.GetTimestamp());
                }
            }
        }

        frame.Release();
        EmptyOutbox();
    }

    /// <summary>The next request that its host need not answer; null where there is none.</summary>
    public long? TakeCancelled(NodeLink link, ClientConnection connection)
    {
        lock (_lock)
        {
            return link.Connection == connection && link.TryTakeCancelled(out var id) ? id : null;
        }
    }

    private void Send(ExpertCall call, NodeLink link, long now)
    {
        var attempt = _attempts.Take();
        (attempt.Call, attempt.Link, attempt.Frame) = (call, link, call.Frame);
        attempt.Bytes = call.Frame.Length + _layout.ReplyBytes(call.Assignments);
        call.Attempts.Add(attempt);
        link.UsedAt = now;
        if (link.IsLocal)
        {
            (attempt.State, attempt.SentAt) = (AttemptState.Sent, now);
            _outbox.Enqueue(_driver.Serve(link, call));
            return;
        }

        Queue(attempt);
        if (link.State is LinkState.Idle or LinkState.Resting)
        {
            Connect(link);
        }
    }

    /// <summary>The same to the same, where there is nobody else: the request or its reply may be lost.</summary>
    private void SendAgain(ExpertCall call, long now)
    {
        foreach (var attempt in call.Attempts)
        {
            if (attempt.State == AttemptState.Sent && !attempt.Link.IsLocal)
            {
                ReleaseBytes(attempt);
                attempt.Link.UsedAt = now;
                _meters.Resends++;
                Queue(attempt);
            }
        }
    }

    /// <summary>Who was silent for too long about a call is asked last for a while: a slow node delays one step, not each.</summary>
    private void MarkSlow(ExpertCall call, long now)
    {
        foreach (var attempt in call.Attempts)
        {
            if (attempt.State == AttemptState.Sent && now - attempt.SentAt >= _resendAfter)
            {
                attempt.Link.SlowUntil = now + (SlowFactor * _resendAfter);
            }
        }
    }

    private static void Queue(Attempt attempt)
    {
        (attempt.State, attempt.RefusedMeanwhile) = (AttemptState.Queued, false);
        attempt.Link.Enqueue(attempt, attempt.Call!.Exchange.Urgent);
        attempt.Link.Connection?.Work.Set();
    }

    private static Attempt? AttemptOn(NodeLink link, ExpertCall call)
    {
        foreach (var attempt in call.Attempts)
        {
            if (attempt.Link == link)
            {
                return attempt;
            }
        }

        return null;
    }

    private static bool HasActive(ExpertCall call)
    {
        foreach (var attempt in call.Attempts)
        {
            if (attempt.State != AttemptState.Refused)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whoever still has the request is told that nobody waits for it.</summary>
    private static void Cancel(ExpertCall call)
    {
        foreach (var attempt in call.Attempts)
        {
            if (attempt.State is AttemptState.Sending or AttemptState.Sent && attempt.Link is { IsLocal: false, Connection: { } connection } link)
            {
                link.Cancel(call.Id);
                connection.Work.Set();
            }
        }
    }

    private void Detach(ExpertCall call)
    {
        foreach (var attempt in call.Attempts)
        {
            Detach(attempt);
        }

        call.Attempts.Clear();
    }

    private void Detach(Attempt attempt)
    {
        ReleaseBytes(attempt);
        attempt.Call = null;

        // One that is queued is freed when its turn comes, one that is being sent by its writer.
        if (attempt.State is AttemptState.Sent or AttemptState.Refused)
        {
            Free(attempt);
        }
    }

    private static void ReleaseBytes(Attempt attempt)
    {
        if (attempt.State is AttemptState.Sending or AttemptState.Sent && !attempt.Link.IsLocal)
        {
            attempt.Link.Outstanding -= attempt.Bytes;
            attempt.Link.Connection?.Work.Set();
        }
    }

    private void Free(Attempt attempt)
    {
        (attempt.Call, attempt.Link, attempt.Frame) = (null, null!, null!);
        _attempts.Give(attempt);
    }
}
