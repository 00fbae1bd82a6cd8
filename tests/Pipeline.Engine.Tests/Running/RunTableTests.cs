using System.Diagnostics;
using Pipeline.Engine.Running;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>Whose turn it is, as plain data.</summary>
public sealed class RunTableTests
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    private readonly RunTable _table = new(Slice);
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void A_decode_step_that_has_begun_goes_before_all_else()
    {
        var decode = Add(RunKind.Decode);
        Expect(decode);
        Add(RunKind.SecondDecode);
        Add(RunKind.Prefill);

        Expect(decode, decode);
    }

    [Fact]
    public void Between_the_beginnings_of_two_decode_steps_the_others_together_get_one_slice()
    {
        var (prefill, vision) = (Add(RunKind.Prefill), Add(RunKind.Vision));
        Advance(prefill, Slice / 2);
        Advance(vision, Slice / 2);
        var decode = Add(RunKind.Decode);
        Advance(decode, Slice);
        decode = Replace(decode);

        Advance(prefill, Slice / 2);
        Advance(vision, Slice / 2);
        Expect(decode);
    }

    [Fact]
    public void What_the_others_did_while_a_step_waited_counts_as_their_slice()
    {
        var decode = Add(RunKind.Decode);
        Advance(decode, TimeSpan.Zero, PassState.Waiting);
        var prefill = Add(RunKind.Prefill);
        Advance(prefill, Slice);
        Wake();
        Expect(decode);

        Expect(Replace(decode));
    }

    [Fact]
    public void Two_micro_batches_take_turns()
    {
        var (first, second) = (Add(RunKind.Decode), Add(RunKind.SecondDecode));
        for (var step = 0; step < 3; step++)
        {
            Expect(first);
            first = Replace(first);
            Expect(second);
            second = Replace(second);
        }
    }

    [Fact]
    public void Who_waits_is_passed_over_until_a_wake()
    {
        var (first, second) = (Add(RunKind.Decode), Add(RunKind.SecondDecode));
        Advance(first, TimeSpan.Zero, PassState.Waiting);
        Advance(second, TimeSpan.Zero, PassState.Waiting);
        var prefill = Add(RunKind.Prefill);
        Advance(prefill, TimeSpan.Zero, PassState.Waiting);
        Assert.Null(_table.Next());

        Wake();

        Expect(first);
    }

    [Fact]
    public void A_step_whose_answers_lay_there_for_a_slice_is_not_delayed_again()
    {
        var decode = Add(RunKind.Decode);
        Advance(decode, TimeSpan.Zero, PassState.Waiting);
        var prefill = Add(RunKind.Prefill);

        // Half layers that end before the answer delay nobody, however many; nor does a wake for nothing.
        Advance(prefill, 3 * Slice);
        Wake();
        _now += Slice;
        Advance(decode, TimeSpan.Zero, PassState.Waiting);
        for (var half = 0; half < 2; half++)
        {
            // The answer comes in the middle of a half layer.
            Assert.Same(prefill, _table.Next());
            Wake();
            Count(prefill, Slice / 2);
            Advance(decode, TimeSpan.Zero, PassState.Running);
            Advance(decode, TimeSpan.Zero, PassState.Waiting);
        }

        Assert.Null(_table.Next());
        Wake();
        Advance(decode, TimeSpan.Zero, PassState.Done);
        Advance(Replace(decode), TimeSpan.Zero, PassState.Waiting);
        Expect(prefill);
    }

    [Fact]
    public void A_second_run_of_a_kind_is_refused()
    {
        Add(RunKind.Prefill);

        Assert.Throws<InvalidOperationException>(() => Add(RunKind.Prefill));
    }

    /// <summary>Its turn comes, and takes that long.</summary>
    private void Advance(Run run, TimeSpan takes, PassState state = PassState.Running)
    {
        Assert.Same(run, _table.Next());
        Count(run, takes, state);
    }

    private void Count(Run run, TimeSpan takes, PassState state = PassState.Running)
    {
        var started = At(_now);
        _now += takes;
        _table.Count(run, state, started, At(_now));
    }

    private void Wake() => _table.Wake(At(_now));

    private static long At(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private void Expect(params Run[] expected)
    {
        foreach (var run in expected)
        {
            Assert.Same(run, _table.Next());
        }
    }

    private ScriptedRun Add(RunKind kind)
    {
        var run = new ScriptedRun(kind, $"{kind}", [], script: "");
        _table.Add(run);
        return run;
    }

    private ScriptedRun Replace(Run done)
    {
        _table.Remove(done);
        return Add(done.Kind);
    }
}
