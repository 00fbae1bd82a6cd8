using Pipeline.Engine.Running;

namespace Pipeline.Engine.Tests;

/// <summary>Whose turn it is, as plain data.</summary>
public sealed class RunTableTests
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    private readonly RunTable _table = new(Slice);

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
        Expect(prefill, vision);
        _table.Count(prefill, Slice / 2);
        _table.Count(vision, Slice / 2);
        var decode = Add(RunKind.Decode);
        Expect(decode);
        _table.Count(decode, Slice);
        decode = Replace(decode);

        Expect(prefill);
        _table.Count(prefill, Slice / 2);
        Expect(vision);
        _table.Count(vision, Slice / 2);
        Expect(decode);
    }

    [Fact]
    public void What_the_others_did_while_a_step_waited_counts_as_their_slice()
    {
        var decode = Add(RunKind.Decode);
        Expect(decode);
        var prefill = Add(RunKind.Prefill);
        decode.IsWaiting = true;
        Expect(prefill);
        _table.Count(prefill, Slice);
        _table.Wake();
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
        Expect(first);
        first.IsWaiting = true;
        Expect(second);
        second.IsWaiting = true;
        var prefill = Add(RunKind.Prefill);
        Expect(prefill);
        prefill.IsWaiting = true;
        Assert.Null(_table.Next());

        _table.Wake();

        Expect(first);
    }

    [Fact]
    public void A_second_run_of_a_kind_is_refused()
    {
        Add(RunKind.Prefill);

        Assert.Throws<InvalidOperationException>(() => Add(RunKind.Prefill));
    }

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
