namespace Pipeline.Cluster.Wire;

/// <summary>The links to the hosts of experts: made ahead, opened, heard, lost, found silent, and ranked by who is asked first.</summary>
internal sealed partial class CallTable
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    /// <summary>A connection stands: what is queued may be taken.</summary>
    /// <returns>False where nobody wants it any more.</returns>
    public bool Opened(NodeLink link, ClientConnection connection)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            var now = _clock.GetTimestamp();
            (link.State, link.Connection, link.HasAnswered, link.Trouble) = (LinkState.Open, connection, false, null);
            link.ForgetCancelled();
            (link.IsSuspect, link.WantsPing, link.HeardAt, link.UsedAt) = (false, false, now, now);
            return true;
        }
    }

    /// <summary>Whether a ping is to be sent now.</summary>
    public bool TakePing(NodeLink link, ClientConnection connection)
    {
        lock (_lock)
        {
            var wanted = link.Connection == connection && link.WantsPing;
            link.WantsPing &= !wanted;
            return wanted;
        }
    }

    /// <summary>The other side said something that answers no call.</summary>
    public void Hear(NodeLink link, ClientConnection connection)
    {
        lock (_lock)
        {
            Hear(link, connection, _clock.GetTimestamp());
        }
    }

    /// <summary>Why a host could not be reached last; null where it could, or was never tried.</summary>
    public string? TroubleWith(ExpertHost host)
    {
        lock (_lock)
        {
            return _links.GetValueOrDefault(host)?.Trouble;
        }
    }

    /// <summary>The other side broke the protocol.</summary>
    public void CountBroken()
    {
        lock (_lock)
        {
            _meters.ConnectionsBroken++;
        }
    }

    /// <summary>A connection ended, or could not be made: its calls go elsewhere at once, or there again.</summary>
    /// <param name="link">To whom.</param>
    /// <param name="connection">Null where none was made.</param>
    /// <param name="trouble">Why, for messages.</param>
    public void Lost(NodeLink link, ClientConnection? connection, string trouble)
    {
        lock (_lock)
        {
            var now = _clock.GetTimestamp();
            if (link.HasAnswered)
            {
                link.State = LinkState.Idle;
            }
            else
            {
                link.State = LinkState.Resting;
                link.RestUntil = now + Stamps(TimeSpan.FromTicks(Math.Min(FirstRest.Ticks << Math.Min(link.Failures++, 10), LongestRest.Ticks)));
            }

            (link.Connection, link.HasAnswered, link.IsSuspect, link.Trouble) = (null, false, false, trouble);
            _meters.ConnectionsLost += connection is null ? 0 : 1;
            foreach (var call in _live.Values)
            {
                if (AttemptOn(link, call) is { } attempt)
                {
                    call.Attempts.Remove(attempt);
                    Detach(attempt);
                    _due.Add(call);
                }
            }

            DropQueue(link);
            foreach (var call in _due)
            {
                if (!HasActive(call))
                {
                    _meters.Resends++;
                    RouteOrPark(call, now);
                }
            }

            _due.Clear();
        }

        EmptyOutbox();
    }

    /// <summary>
    /// Time in which this process did not look, as it was stopped or had no thread, is nobody else's silence. The deadline stays: it is a promise
    /// to whoever waits for the step, and they waited.
    /// </summary>
    private void ForgiveOwnStandstill(long now)
    {
        var late = now - _lookedAt - (_resendAfter / 4);
        _lookedAt = now;
        if (late <= 0)
        {
            return;
        }

        foreach (var link in _links.Values)
        {
            link.HeardAt = Math.Min(now, link.HeardAt + late);
        }

        foreach (var call in _live.Values)
        {
            call.ResendAt = Math.Min(now + (_resendAfter << Math.Min(call.Resends, 4)), call.ResendAt + late);
            foreach (var attempt in call.Attempts)
            {
                attempt.SentAt = Math.Min(now, attempt.SentAt + late);
            }
        }
    }

    private void CheckLinks(long now)
    {
        foreach (var (host, link) in _links)
        {
            var quiet = now - link.HeardAt;
            if (link.State == LinkState.Open && link.Outstanding > 0 && quiet >= _resendAfter / 2)
            {
                CheckSilence(link, quiet);
            }
            else if (link.State != LinkState.Connecting && !link.IsLocal && now - link.UsedAt > Stamps(_options.Deadline) && link.Outstanding == 0)
            {
                // Nodes come and go: what was not used for so long is connected to again when it is.
                Forget(host, link);
            }
        }
    }

    /// <summary>Half the time: are you there? All of it: others are asked first. Three times: the connection is dead, as far as we know.</summary>
    private void CheckSilence(NodeLink link, long quiet)
    {
        if (quiet >= 3 * _resendAfter)
        {
            link.Connection!.Close();
            return;
        }

        link.IsSuspect = quiet >= _resendAfter;
        link.WantsPing = true;
        link.Connection!.Work.Set();
    }

    private void Forget(ExpertHost host, NodeLink link)
    {
        link.Connection?.Close();
        DropQueue(link);
        _links.Remove(host);
    }

    /// <summary>Frees what is queued for a link, of which no call is left.</summary>
    private void DropQueue(NodeLink link)
    {
        while (link.TryPeek(out var attempt))
        {
            link.Dequeue();
            Free(attempt);
        }
    }

    private static void Hear(NodeLink link, ClientConnection? connection, long now)
    {
        if (link.Connection == connection)
        {
            (link.HeardAt, link.IsSuspect, link.WantsPing) = (now, false, false);
        }
    }

    private NodeLink LinkTo(ExpertHost host, long now)
    {
        if (!_links.TryGetValue(host, out var link))
        {
            _links.Add(host, link = new NodeLink(host) { UsedAt = now });
        }

        return link;
    }

    /// <summary>Connects to hosts that are new, or were lost after they had answered: their first request should not wait for it.</summary>
    private void ConnectAhead(long now)
    {
        for (var shard = 0; shard < _directory.Shards; shard++)
        {
            var hosts = _directory.HostsOf(shard);
            for (var i = 0; i < hosts.Count; i++)
            {
                var link = LinkTo(hosts[i], now);
                if (!link.IsLocal && link.State == LinkState.Idle)
                {
                    Connect(link);
                }
            }
        }
    }

    private void Connect(NodeLink link)
    {
        link.State = LinkState.Connecting;
        _outbox.Enqueue(() => _driver.Connect(link));
    }

    private bool IsFit(NodeLink link, ExpertCall call)
    {
        var fit = link.IsLocal || _options.MixedPaths || link.Host.InstructionPath == _identity.InstructionPath;
        if (!fit)
        {
            call.Trouble ??= $"{link.Host.Node} computes with {link.Host.InstructionPath}, this node with {_identity.InstructionPath}, "
                + "and pipeline.experts.mixed-paths is off";
        }

        return fit;
    }

    /// <summary>Of hosts that are all slow, the one that was found so longest ago: it may have recovered.</summary>
    private static bool IsBetter(NodeLink link, int rank, NodeLink best, int? bestRank) =>
        rank < bestRank || (rank == bestRank && rank == 3 && link.SlowUntil < best.SlowUntil);

    /// <summary>Lower is better; null where it is to be left alone.</summary>
    private static int? Rank(NodeLink link, long now) => link switch
    {
        { IsLocal: true } => now < link.SlowUntil ? 3 : 0,
        { State: LinkState.Open } => link.IsSuspect ? 4 : now < link.SlowUntil ? 3 : 0,
        { State: LinkState.Resting } when now < link.RestUntil => null,
        _ => link.Trouble is null ? 1 : 2,
    };
}
