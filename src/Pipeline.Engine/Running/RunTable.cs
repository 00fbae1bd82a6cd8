using System.Diagnostics;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>
/// The runs with a device thread, at most one of a kind, and which of them goes on next. A decode step that has begun goes
/// before all else. Between the beginnings of two decode steps the other runs together get one slice. They go on while a step waits
/// for experts elsewhere, until half layers of theirs have kept it from going on for a slice in all: else a step of many layers would be
/// held up at each of them.
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
    /// <param name="at">When, as <see cref="Stopwatch"/> tells.</param>
    public void Wake(long at)
    {
        foreach (var run in _runs)
        {
            if (run is { IsWaiting: true })
            {
                run.IsWaiting = false;
                run.WokenAt = at;
            }
        }
    }

    /// <summary>Takes down what a half layer left behind.</summary>
    /// <param name="run">Whose it was.</param>
    /// <param name="state">What it left.</param>
    /// <param name="started">When, as <see cref="Stopwatch"/> tells.</param>
    /// <param name="ended">Likewise.</param>
    public void Count(Run run, PassState state, long started, long ended)
    {
        run.IsWaiting = state == PassState.Waiting;
        if (!run.IsDecode)
        {
            _usedByOthers += Stopwatch.GetElapsedTime(started, ended);
        }
        else if (run.WokenAt is { } woken && !run.IsWaiting)
        {
            run.Delay += Stopwatch.GetElapsedTime(woken, started);
        }

        run.WokenAt = null;
    }

    /// <summary>The run to advance, or null where there is none or all wait.</summary>
    public Run? Next()
    {
        if ((Ready(RunKind.Decode, begun: true) ?? Ready(RunKind.SecondDecode, begun: true)) is { } underWay)
        {
            return underWay;
        }

        var other = MayNotBeDelayed(RunKind.Decode) || MayNotBeDelayed(RunKind.SecondDecode)
            ? null
            : InTurn(RunKind.Prefill, RunKind.Vision, _lastOther, begun: null);
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

    private bool MayNotBeDelayed(RunKind kind) => this[kind] is { HasBegun: true } run && run.Delay >= slice;

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
