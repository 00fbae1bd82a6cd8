using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Scheduling;

/// <summary>What bounds the scheduler.</summary>
/// <param name="Sessions">Sessions open at once.</param>
/// <param name="PageTokens">Tokens a KV page.</param>
/// <param name="PrefillRows">Rows of a prefill run.</param>
/// <param name="MicroBatches">Decode runs at once, each with a share of the sessions.</param>
internal sealed record SchedulerLimits(int Sessions, int PageTokens, int PrefillRows, int MicroBatches);

/// <summary>
/// Continuous batching as plain synchronous data: who is admitted, which rows the next prefill and decode runs hold, when pages
/// are freed. Sessions are admitted in order of asking, when pages for their whole prompt and max-tokens are free; nothing is held before.
/// Prefill serves the session admitted first; every decoding session takes part in each decode step of its micro-batch.
/// </summary>
/// <param name="limits">Named bounds.</param>
/// <param name="pools">Pages by kind of attention, for the kinds that the model has layers of.</param>
internal sealed class Scheduler(SchedulerLimits limits, IReadOnlyDictionary<AttentionKind, PagePool> pools)
{
    private readonly LinkedList<Session> _waiting = new();
    private readonly List<Session> _open = [];
    private readonly PrefillBatch _prefill = new(limits.Sessions);
    private readonly DecodeBatch[] _decode = [.. Enumerable.Range(0, limits.MicroBatches).Select(index => new DecodeBatch(index, limits.Sessions))];

    /// <summary>Sessions open now.</summary>
    public int Open => _open.Count;

    /// <summary>Sessions that wait for admission.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Pages that hold keys and values of open sessions, over both kinds.</summary>
    public int PagesInUse => pools.Values.Sum(pool => pool.Used);

    /// <summary>Queues a session for admission; one that can never fit is refused with both numbers.</summary>
    public void Ask(Session session)
    {
        if (session.MaxTokens < 1)
        {
            throw new InvalidOperationException($"Session {session.Id} asks for {session.MaxTokens} tokens.");
        }

        var tokens = (long)session.PromptTokens + session.MaxTokens;
        var capacity = (long)pools.Values.Min(pool => pool.Pages) * limits.PageTokens;
        if (tokens > capacity)
        {
            throw new PipelineException(
                "decoder.kv-too-small",
                $"{session.PromptTokens} prompt tokens and {session.MaxTokens} to generate need room for {tokens}, pipeline.decoder.kv-bytes holds {capacity}",
                "raise pipeline.decoder.kv-bytes, or ask for fewer frames or tokens");
        }

        _waiting.AddLast(session);
    }

    /// <summary>Admits the next waiting session if its pages are free, and returns it.</summary>
    public Session? Admit()
    {
        if (_waiting.First is not { } first || _open.Count == limits.Sessions)
        {
            return null;
        }

        var session = first.Value;
        var count = (session.PromptTokens + session.MaxTokens + limits.PageTokens - 1) / limits.PageTokens;
        if (pools.Values.Any(pool => pool.Free < count))
        {
            return null;
        }

        _waiting.RemoveFirst();
        foreach (var (kind, pool) in pools)
        {
            var pages = new int[count];
            if (!pool.TryAllocate(pages))
            {
                throw new InvalidOperationException("A page that was free is not.");
            }

            session.SetPages(kind, pages);
        }

        session.Phase = SessionPhase.Prefill;
        _open.Add(session);
        return session;
    }

    /// <summary>Adds prompt rows to an admitted session.</summary>
    public void Append(Session session, Segment segment)
    {
        if (session.Phase != SessionPhase.Prefill || session.Appended + segment.Length > session.PromptTokens)
        {
            throw new InvalidOperationException($"Session {session.Id} got {segment.Length} rows beyond its planned prompt.");
        }

        session.Pending.Enqueue(segment);
        session.PendingRows += segment.Length;
        session.Appended += segment.Length;
    }

    /// <summary>Whether the session may be sent its next segment: its rows that wait fill less than one run.</summary>
    public bool WantsMore(Session session) => session.PendingRows < limits.PrefillRows && session.Appended < session.PromptTokens;

    /// <summary>The rows of the next prefill run, or null. The batch is reused: it is the caller's until <see cref="Complete(PrefillBatch)"/>.</summary>
    public PrefillBatch? NextPrefill()
    {
        if (_prefill.Busy)
        {
            return null;
        }

        _prefill.Clear();
        foreach (var session in _open)
        {
            if (session is { Phase: SessionPhase.Prefill, Closing: false })
            {
                Take(session);
            }

            if (_prefill.Rows == limits.PrefillRows)
            {
                break;
            }
        }

        _prefill.Busy = _prefill.Rows > 0;
        return _prefill.Busy ? _prefill : null;
    }

    /// <summary>
    /// The sessions of a micro-batch that is free, or null where none is or nobody waits for a step. Each gets its share of all that
    /// decode, so that both stay equally long. The batch is reused, as the prefill's.
    /// </summary>
    public DecodeBatch? NextDecode()
    {
        if (Array.Find(_decode, batch => !batch.Busy) is not { } free)
        {
            return null;
        }

        free.Sessions.Clear();
        var share = (_open.Count(IsDecoding) + limits.MicroBatches - 1) / limits.MicroBatches;
        foreach (var session in _open)
        {
            if (free.Sessions.Count < share && !session.InRun && IsDecoding(session))
            {
                session.InRun = true;
                free.Sessions.Add(session);
            }
        }

        free.Busy = free.Sessions.Count > 0;
        return free.Busy ? free : null;

        static bool IsDecoding(Session session) => session is { Phase: SessionPhase.Decode, Closing: false };
    }

    /// <summary>Commits a prefill run that is done; sessions whose prompt is whole go over to decoding with their first token.</summary>
    public void Complete(PrefillBatch batch)
    {
        batch.Busy = false;
        foreach (var slice in batch.Slices)
        {
            slice.Session.InRun = false;
            slice.Session.Committed += slice.Rows;
            if (slice.LastOfSegment && slice.Segment is VisualSegment visual)
            {
                visual.Lease?.Dispose();
            }

            if (slice.EndsPrompt)
            {
                slice.Session.Phase = SessionPhase.Decode;
            }
        }

        // A session may have several slices: it is freed when all of them are committed.
        foreach (var slice in batch.Slices)
        {
            FreeIfClosing(slice.Session);
        }
    }

    /// <summary>Commits a decode step that is done.</summary>
    public void Complete(DecodeBatch batch)
    {
        batch.Busy = false;
        foreach (var session in batch.Sessions)
        {
            session.InRun = false;
            session.Committed++;
            FreeIfClosing(session);
        }
    }

    /// <summary>
    /// A prefill run that came to nothing. Its sessions have prompt rows that were handed over and are not committed: all
    /// that is left to them is to be closed.
    /// </summary>
    public void Drop(PrefillBatch batch)
    {
        batch.Busy = false;
        foreach (var slice in batch.Slices)
        {
            slice.Session.InRun = false;
            if (slice.LastOfSegment && slice.Segment is VisualSegment visual)
            {
                visual.Lease?.Dispose();
            }
        }

        foreach (var slice in batch.Slices)
        {
            FreeIfClosing(slice.Session);
        }
    }

    /// <summary>A decode step that came to nothing: nothing is committed, and its sessions may step again.</summary>
    public void Drop(DecodeBatch batch)
    {
        batch.Busy = false;
        foreach (var session in batch.Sessions)
        {
            session.InRun = false;
            FreeIfClosing(session);
        }
    }

    /// <summary>The token that was chosen for the session's next position.</summary>
    public static void Accept(Session session, int token)
    {
        session.LastToken = token;
        session.Generated++;
    }

    /// <summary>Ends a session: its pages are free when the run that holds it is done.</summary>
    public void Close(Session session)
    {
        if (session.Phase == SessionPhase.Waiting)
        {
            _waiting.Remove(session);
            session.Phase = SessionPhase.Closed;
            return;
        }

        session.Closing = true;
        FreeIfClosing(session);
    }

    private void Take(Session session)
    {
        while (session.PendingRows > 0 && _prefill.Rows < limits.PrefillRows)
        {
            var segment = session.Pending.Peek();
            var rows = Math.Min(segment.Length - session.SegmentOffset, limits.PrefillRows - _prefill.Rows);
            var last = session.SegmentOffset + rows == segment.Length;
            _prefill.Add(new PrefillSlice(session, segment, session.SegmentOffset, session.Handed, rows, last));
            session.InRun = true;
            session.Handed += rows;
            session.PendingRows -= rows;
            session.SegmentOffset = last ? 0 : session.SegmentOffset + rows;
            if (last)
            {
                session.Pending.Dequeue();
            }
        }
    }

    private void FreeIfClosing(Session session)
    {
        if (!session.Closing || session.InRun || session.Phase == SessionPhase.Closed)
        {
            return;
        }

        session.Phase = SessionPhase.Closed;
        _open.Remove(session);
        foreach (var (kind, pool) in pools)
        {
            pool.Release(session.Pages(kind));
        }
    }
}
