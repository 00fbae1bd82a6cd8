using CsCheck;

namespace Pipeline.Engine.Tests;

public sealed class GateTests
{
    [Fact]
    public async Task Callers_enter_in_order_of_asking_even_where_a_later_one_would_fit()
    {
        var gate = new Gate("test.bound", 4);
        var first = await gate.EnterAsync(3, CancellationToken.None);
        var large = gate.EnterAsync(4, CancellationToken.None).AsTask();
        var small = gate.EnterAsync(1, CancellationToken.None).AsTask();

        Assert.False(small.IsCompleted);
        first.Dispose();
        (await large).Dispose();
        (await small).Dispose();

        Assert.Equal((0, 4), (gate.InUse, gate.Peak));
    }

    [Fact]
    public async Task What_can_never_fit_is_refused_with_both_numbers()
    {
        var refusal = await Assert.ThrowsAsync<PipelineException>(async () => await new Gate("pipeline.vision.tokens-waiting", 10).EnterAsync(11, CancellationToken.None));

        Assert.Equal("11 are needed at once, pipeline.vision.tokens-waiting allows 10", refusal.Message);
    }

    [Fact]
    public async Task A_cancelled_wait_lets_the_next_one_in()
    {
        var gate = new Gate("test.bound", 2);
        using var held = await gate.EnterAsync(1, CancellationToken.None);
        using var cancellation = new CancellationTokenSource();
        var large = gate.EnterAsync(2, cancellation.Token).AsTask();
        var small = gate.EnterAsync(1, CancellationToken.None).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        (await small).Dispose();
    }

    [Fact]
    public async Task A_lease_disposed_twice_gives_back_once()
    {
        var gate = new Gate("test.bound", 2);
        var lease = await gate.EnterAsync(1, CancellationToken.None);
        using var other = await gate.EnterAsync(1, CancellationToken.None);

        lease.Dispose();
        lease.Dispose();

        Assert.Equal(1, gate.InUse);
    }

    /// <summary>Many tasks enter, hold, leave and give up at random: the capacity is never exceeded and all is given back.</summary>
    [Fact]
    public Task Under_contention_the_capacity_holds() =>
        Gen.Select(Gen.Int[1, 5], Gen.Select(Gen.Int[1, 5], Gen.Bool).Array[1, 30]).SampleAsync(
            async (capacity, callers) =>
            {
                var gate = new Gate("test.bound", capacity);
                await Task.WhenAll(callers.Select(caller => Task.Run(async () =>
                {
                    using var cancellation = new CancellationTokenSource();
                    var entering = gate.EnterAsync(Math.Min(caller.Item1, capacity), cancellation.Token).AsTask();
                    if (caller.Item2)
                    {
                        await cancellation.CancelAsync();
                    }

                    try
                    {
                        using var lease = await entering;
                        Assert.InRange(gate.InUse, 1, capacity);
                        await Task.Yield();
                    }
                    catch (OperationCanceledException)
                    {
                        Assert.True(caller.Item2);
                    }
                })));
                Assert.Equal(0, gate.InUse);
                Assert.InRange(gate.Peak, 0, capacity);
            },
            iter: TestCampaign.Iterations(100));
}
