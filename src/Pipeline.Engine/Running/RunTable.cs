namespace Pipeline.Engine.Running;

/// <summary>
/// The runs with a device thread, at most one of a kind, and which of them goes on next. A decode step that has begun goes
/// before all else; between the beginnings of two decode steps the other runs together get one slice, used up by their own time only.
/// </summary>
internal sealed class RunTable(TimeSpan slice)
{
    private readonly Run?[] _runs = new Run?[Enum.GetValues<RunKind>().Length];
    private TimeSpan _usedByOthers;
    private RunKind _lastDecode = RunKind.SecondDecode;
    private RunKind _lastOther = RunKind.Vision;

    public void Add(Run run)
    {
        if (this[run.Kind] is not null)
        {
            throw new InvalidOperationException($"A {run.Kind} run was submitted while one is under way.");
        }

        this[run.Kind] = run;
    }

    public void Remove(Run run) => this[run.Kind] = null;

    /// <summary>Drops the runs of an owner that is no more.</summary>
    public void Abandon(RunOwner owner)
    {
        foreach (var run in _runs)
        {
            if (run?.Owner == owner)
            {
                run.Abandon();
                Remove(run);
            }
        }
    }

    /// <summary>Experts may have answered: who waits is asked again.</summary>
    public void Wake()
    {
        foreach (var run in _runs)
        {
            run?.IsWaiting = false;
        }
    }

    /// <summary>Counts what a run other than decode took of the slice.</summary>
    public void Count(Run run, TimeSpan elapsed)
    {
        if (!run.IsDecode)
        {
            _usedByOthers += elapsed;
        }
    }

    /// <summary>The run to advance, or null where there is none or all wait.</summary>
    public Run? Next()
    {
        if ((Ready(RunKind.Decode, begun: true) ?? Ready(RunKind.SecondDecode, begun: true)) is { } underWay)
        {
            return underWay;
        }

        var other = InTurn(RunKind.Prefill, RunKind.Vision, _lastOther, begun: null);
        var decode = InTurn(RunKind.Decode, RunKind.SecondDecode, _lastDecode, begun: false);
        if (decode is null || (other is not null && _usedByOthers < slice))
        {
            _lastOther = other?.Kind ?? _lastOther;
            return other;
        }

        _usedByOthers = TimeSpan.Zero;
        _lastDecode = decode.Kind;
        decode.HasBegun = true;
        return decode;
    }

    private Run? InTurn(RunKind first, RunKind second, RunKind last, bool? begun) =>
        last == first ? Ready(second, begun) ?? Ready(first, begun) : Ready(first, begun) ?? Ready(second, begun);

    private Run? Ready(RunKind kind, bool? begun) =>
        this[kind] is { IsWaiting: false } run && (begun is null || run.HasBegun == begun) ? run : null;

    private Run? this[RunKind kind]
    {
        get => _runs[(int)kind];
        set => _runs[(int)kind] = value;
    }
}
