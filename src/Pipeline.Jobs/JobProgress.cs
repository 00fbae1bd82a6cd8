namespace Pipeline.Jobs;

/// <summary>
/// The progress of one run, owned by the command, so that it outlives the JobActor that works on it: which windows are to be
/// started, tried again or written next, and what each failure means for them. Synchronous plain data behind one lock; waits are
/// handed out as tasks.
/// </summary>
/// <remarks>
/// What a failure means is <see cref="RetryPolicy"/>'s. A suspect runs alone: no window starts until those in flight have
/// ended, then the suspects run one at a time.
/// </remarks>
public sealed class JobProgress
{
    private readonly Lock _lock = new();
    private readonly IEnumerator<CaptionInput> _inputs;
    private readonly JobsOptions _options;
    private readonly int _resultsWaiting;
    private readonly bool _failFast;
    private readonly RetryPolicy _policy;
    private readonly SortedDictionary<int, WindowEntry> _entries = [];
    private readonly SortedSet<int> _retries = [];
    private readonly HashSet<int> _inFlight = [];
    private CaptionInput? _next;
    private Exception? _sourceError;
    private bool _reading;
    private bool _exhausted;
    private bool _abandoned;
    private bool _stopped;
    private int _run;
    private int _nextToWrite;
    private TaskCompletionSource _changed = NewSignal();

    /// <param name="inputs">The run's inputs, numbered from 0; enumerated once, as there is room.</param>
    /// <param name="options">Attempts and delays.</param>
    /// <param name="resultsWaiting">How far a window may be ahead of the next result to be written.</param>
    /// <param name="failFast">Whether the first final failure ends the run.</param>
    /// <param name="time">The clock.</param>
    public JobProgress(IEnumerable<CaptionInput> inputs, JobsOptions options, int resultsWaiting, bool failFast, TimeProvider time)
    {
        _inputs = inputs.GetEnumerator();
        _options = options;
        _resultsWaiting = resultsWaiting;
        _failFast = failFast;
        _policy = new RetryPolicy(options, time);
    }

    /// <summary>Every window has its result, or the run was stopped.</summary>
    public bool NothingLeft
    {
        get
        {
            lock (_lock)
            {
                return NothingLeftLocked();
            }
        }
    }

    public int Done { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Windows in flight now.</summary>
    public int InFlight
    {
        get
        {
            lock (_lock)
            {
                return _inFlight.Count;
            }
        }
    }

    /// <summary>Most windows that were in flight at once.</summary>
    public int PeakInFlight { get; private set; }

    /// <summary>How far the window started last may have been ahead of the next to be written, at most.</summary>
    public int PeakAhead { get; private set; }

    /// <summary>A JobActor made anew takes over: what was in flight under the one before is to be tried again.</summary>
    /// <returns>The number that its attempts carry.</returns>
    public int Attach()
    {
        lock (_lock)
        {
            foreach (var index in _inFlight.ToArray())
            {
                Fail(_entries[index], new PipelineException(
                    "jobs.actor-lost", "the job's actor ended while the window was with it", kind: FailureKind.Shared));
            }

            Signal();
            return ++_run;
        }
    }

    /// <summary>The next attempt, when there is room for one; null when the run has none left, or another JobActor has taken over.</summary>
    public async ValueTask<WindowAttempt?> TakeAsync(int run, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            bool reads;
            lock (_lock)
            {
                if (run != _run || NothingLeftLocked())
                {
                    return null;
                }

                if (NextToStart() is { } entry)
                {
                    _inFlight.Add(entry.Input.Index);
                    PeakInFlight = Math.Max(PeakInFlight, _inFlight.Count);
                    PeakAhead = Math.Max(PeakAhead, entry.Input.Index - _nextToWrite + 1);
                    entry.Text.Clear();
                    return new WindowAttempt(entry.Input, run, entry.Delay);
                }

                reads = _next is null && !_reading && !_exhausted && !_stopped;
                _reading |= reads;
                changed = _changed.Task;
            }

            if (reads)
            {
                ReadInput();
            }
            else
            {
                await changed.WaitAsync(cancellation);
            }
        }
    }

    /// <summary>More text of an attempt. What was delivered by an attempt before is not delivered again; text that no longer begins with it
    /// is the window's failure.</summary>
    public void AddText(WindowAttempt attempt, string text)
    {
        lock (_lock)
        {
            if (text.Length == 0 || !IsCurrent(attempt, out var entry))
            {
                return;
            }

            if (!entry.Continues(entry.Text.Length, text))
            {
                throw TextChanged(entry);
            }

            entry.Text.Append(text);

            if (attempt.Input.Index == _nextToWrite && entry.Text.Length > entry.Delivered.Length)
            {
                Signal();
            }
        }
    }

    /// <summary>An attempt has ended with its result.</summary>
    public void Succeed(WindowAttempt attempt, CaptionResult result)
    {
        lock (_lock)
        {
            if (IsCurrent(attempt, out var entry))
            {
                var same = result is not Caption caption || entry.Delivered.Length <= caption.Text.Length;
                End(entry, same ? result : CaptionFailed.From(entry.Input, TextChanged(entry)));
            }
        }
    }

    /// <summary>An attempt has failed: the window is tried again or ends with its failure.</summary>
    public void Fail(WindowAttempt attempt, PipelineException failure)
    {
        lock (_lock)
        {
            if (IsCurrent(attempt, out var entry))
            {
                Fail(entry, failure);
                Signal();
            }
        }
    }

    /// <summary>What the writer does next, in input order; null when everything has been written.</summary>
    public async ValueTask<JobOutput?> NextOutputAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_entries.TryGetValue(_nextToWrite, out var entry))
                {
                    if (entry.Result is not CaptionFailed && entry.Text.Length > entry.Delivered.Length)
                    {
                        var text = entry.Text.ToString(entry.Delivered.Length, entry.Text.Length - entry.Delivered.Length);
                        entry.Delivered.Append(text);
                        return new TextPiece(entry.Input, text);
                    }

                    if (entry.Result is { } result)
                    {
                        return new FinishedWindow(entry.Input, result);
                    }
                }

                if (_abandoned)
                {
                    return null;
                }

                if (NothingLeftLocked() && !_entries.ContainsKey(_nextToWrite))
                {
                    return _sourceError is null ? null : throw _sourceError;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>The result of the next window was written: its place is free.</summary>
    public void Written()
    {
        lock (_lock)
        {
            var failed = _entries[_nextToWrite].Result is CaptionFailed;
            _entries.Remove(_nextToWrite++);
            (Done, Failed) = failed ? (Done, Failed + 1) : (Done + 1, Failed);
            if (failed && _failFast)
            {
                _entries.Clear();
                _inFlight.Clear();
                _retries.Clear();
            }

            Signal();
        }
    }

    /// <summary>Nothing goes on: what is finished can still be written, up to the first window that is not.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            (_stopped, _abandoned) = (true, true);
            _retries.Clear();
            _inFlight.Clear();
            Signal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private static PipelineException TextChanged(WindowEntry entry) => new(
        "jobs.text-changed",
        $"{entry.Input.Source}: the text changed after a part of it had been delivered, when the window was tried again");

    private bool NothingLeftLocked() =>
        _retries.Count == 0 && _inFlight.Count == 0 && (_stopped || (_exhausted && _next is null));

    private bool IsCurrent(WindowAttempt attempt, out WindowEntry entry)
    {
        entry = null!;
        return attempt.Run == _run && _inFlight.Contains(attempt.Input.Index) && _entries.TryGetValue(attempt.Input.Index, out entry!);
    }

    private WindowEntry? NextToStart()
    {
        var suspects = _retries.Where(index => _entries[index].IsSuspect).ToArray();
        var suspectRuns = _inFlight.Any(index => _entries[index].IsSuspect);
        if (suspects.Length > 0 || suspectRuns)
        {
            return _inFlight.Count > 0 ? null : TakeRetry(suspects[0]);
        }

        if (_inFlight.Count >= _options.WindowsInFlight)
        {
            return null;
        }

        if (_retries.Count > 0)
        {
            return TakeRetry(_retries.Min);
        }

        if (_stopped || _next is not { } input || input.Index >= _nextToWrite + _resultsWaiting)
        {
            return null;
        }

        _next = null;
        var entry = new WindowEntry(input);
        _entries.Add(input.Index, entry);
        if (input.Error is null)
        {
            return entry;
        }

        End(entry, CaptionFailed.From(input, input.Error));
        return null;
    }

    /// <summary>Reads one input outside the lock, as a source may walk folders and probe files. Whoever set <see cref="_reading"/> calls it.</summary>
    private void ReadInput()
    {
        CaptionInput? input = null;
        Exception? error = null;
        try
        {
            input = _inputs.MoveNext() ? _inputs.Current : null;
        }
        catch (Exception exception)
        {
            error = exception;
        }

        lock (_lock)
        {
            _next = input;
            _sourceError = error;
            _reading = false;
            _exhausted = input is null;
            Signal();
        }

        if (input is null)
        {
            _inputs.Dispose();
        }
    }

    private WindowEntry TakeRetry(int index)
    {
        _retries.Remove(index);
        return _entries[index];
    }

    private void End(WindowEntry entry, CaptionResult result)
    {
        _inFlight.Remove(entry.Input.Index);
        entry.Result = result;
        _stopped |= _failFast && result is CaptionFailed;
        Signal();
    }

    private void Fail(WindowEntry entry, PipelineException failure)
    {
        if (_policy.Ends(entry, failure))
        {
            End(entry, CaptionFailed.From(entry.Input, failure));
            return;
        }

        _inFlight.Remove(entry.Input.Index);
        _retries.Add(entry.Input.Index);
    }
}
