using Pipeline.Engine.Decoding;

using CsCheck;

namespace Pipeline.Jobs.Tests;

/// <summary>What becomes of windows whose attempts fail in every way, driven without an engine.</summary>
public sealed class JobProgressTests
{
    private static readonly JobsOptions Options = new(WindowsInFlight: 3, Attempts: 3, TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(10));

    [Fact]
    public async Task Results_come_in_input_order_whatever_order_they_end_in()
    {
        var progress = Create(inputs: 3);
        var run = progress.Attach();
        var attempts = new[] { await Take(progress, run), await Take(progress, run), await Take(progress, run) };

        foreach (var attempt in attempts.Reverse())
        {
            progress.Succeed(attempt!, ResultOf(attempt!));
        }

        Assert.Null(await Take(progress, run));
        Assert.Equal([0, 1, 2], await WriteAll(progress));
    }

    [Fact]
    public async Task No_window_starts_further_ahead_of_the_writer_than_results_waiting_allows()
    {
        var progress = Create(inputs: 5, resultsWaiting: 2);
        var run = progress.Attach();
        await Take(progress, run);
        var second = await Take(progress, run);
        progress.Succeed(second!, ResultOf(second!));

        var third = progress.TakeAsync(run, CancellationToken.None);

        Assert.False(third.IsCompleted);
        Assert.Equal(2, progress.PeakAhead);
    }

    [Fact]
    public async Task An_own_failure_is_tried_again_with_growing_delay_until_the_attempts_are_used_up()
    {
        var progress = Create(inputs: 1);
        var run = progress.Attach();
        var delays = new List<TimeSpan>();
        while (await Take(progress, run) is { } attempt)
        {
            delays.Add(attempt.Delay);
            progress.Fail(attempt, new PipelineException("media.hung", "ffmpeg hung", kind: FailureKind.Own));
        }

        Assert.Equal([TimeSpan.Zero, TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(400)], delays);
        var failed = Assert.IsType<CaptionFailed>(((FinishedWindow)(await progress.NextOutputAsync(CancellationToken.None))!).Result);
        Assert.Equal("media.hung", failed.Code);
    }

    [Fact]
    public async Task What_the_input_decides_is_final_at_once()
    {
        var progress = Create(inputs: 1);
        var run = progress.Attach();

        progress.Fail((await Take(progress, run))!, new PipelineException("media.empty", "empty"));

        Assert.Null(await Take(progress, run));
    }

    [Fact]
    public async Task After_three_deaths_suspects_run_alone_and_another_death_is_their_own()
    {
        var progress = Create(inputs: 3);
        for (var death = 0; death < 3; death++)
        {
            var run = progress.Attach();
            for (var i = 0; i < 3; i++)
            {
                Assert.NotNull(await Take(progress, run));
            }
        }

        var last = progress.Attach();
        var suspect = await Take(progress, last);
        var next = progress.TakeAsync(last, CancellationToken.None);
        Assert.False(next.IsCompleted);

        progress.Fail(suspect!, new PipelineException("engine.actor-lost", "died", kind: FailureKind.Shared));
        var innocent = await next;
        Assert.NotEqual(suspect!.Input.Index, innocent!.Input.Index);
        progress.Succeed(innocent, ResultOf(innocent));
        var other = await Take(progress, last);
        progress.Succeed(other!, ResultOf(other!));

        await WriteAll(progress);
        Assert.Equal((2, 1), (progress.Done, progress.Failed));
    }

    [Fact]
    public async Task Answers_of_a_job_actor_that_died_are_dropped()
    {
        var progress = Create(inputs: 1);
        var stale = await Take(progress, progress.Attach());
        var run = progress.Attach();

        progress.Succeed(stale!, ResultOf(stale!));

        Assert.NotNull(await Take(progress, run));
    }

    [Fact]
    public async Task A_retried_window_goes_on_after_the_text_that_was_delivered()
    {
        var progress = Create(inputs: 1);
        var run = progress.Attach();
        var first = await Take(progress, run);
        progress.AddText(first!, "A rab");
        Assert.Equal("A rab", ((TextPiece)(await progress.NextOutputAsync(CancellationToken.None))!).Text);
        progress.Fail(first!, new PipelineException("engine.actor-lost", "died", kind: FailureKind.Shared));

        var second = await Take(progress, run);
        progress.AddText(second!, "A ");
        var piece = progress.NextOutputAsync(CancellationToken.None);
        Assert.False(piece.IsCompleted);
        progress.AddText(second!, "rabbit");

        Assert.Equal("bit", ((TextPiece)(await piece)!).Text);
    }

    [Fact]
    public async Task Text_that_changed_when_it_was_tried_again_fails_by_name()
    {
        var progress = Create(inputs: 1);
        var run = progress.Attach();
        var first = await Take(progress, run);
        progress.AddText(first!, "A rab");
        await progress.NextOutputAsync(CancellationToken.None);
        progress.Fail(first!, new PipelineException("engine.actor-lost", "died", kind: FailureKind.Shared));
        var second = await Take(progress, run);

        var failure = Assert.Throws<PipelineException>(() => progress.AddText(second!, "A cat"));

        Assert.Equal("jobs.text-changed", failure.Code);
    }

    [Fact]
    public async Task A_retry_that_ends_before_what_was_delivered_fails_by_name()
    {
        var progress = Create(inputs: 1);
        var run = progress.Attach();
        var first = await Take(progress, run);
        progress.AddText(first!, "text and more");
        await progress.NextOutputAsync(CancellationToken.None);
        progress.Fail(first!, new PipelineException("engine.actor-lost", "died", kind: FailureKind.Shared));
        var second = await Take(progress, run);
        progress.AddText(second!, "text");

        progress.Succeed(second!, ResultOf(second!));

        var failed = Assert.IsType<CaptionFailed>(((FinishedWindow)(await progress.NextOutputAsync(CancellationToken.None))!).Result);
        Assert.Equal("jobs.text-changed", failed.Code);
    }

    [Fact]
    public async Task Half_the_text_of_a_window_that_failed_is_not_delivered()
    {
        var progress = Create(inputs: 2);
        var run = progress.Attach();
        var (first, second) = (await Take(progress, run), await Take(progress, run));
        progress.AddText(second!, "A rab");
        progress.Fail(second!, new PipelineException("media.broken", "broken"));
        progress.Succeed(first!, ResultOf(first!));

        Assert.IsType<FinishedWindow>(await progress.NextOutputAsync(CancellationToken.None));
        progress.Written();
        Assert.IsType<FinishedWindow>(await progress.NextOutputAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_source_that_throws_ends_the_run_with_its_error_after_what_came_before()
    {
        var progress = new JobProgress(Inputs(), Options, resultsWaiting: 10, failFast: false, TimeProvider.System);
        var run = progress.Attach();
        var first = await Take(progress, run);
        progress.Succeed(first!, ResultOf(first!));

        Assert.Null(await Take(progress, run));
        Assert.IsType<FinishedWindow>(await progress.NextOutputAsync(CancellationToken.None));
        progress.Written();
        await Assert.ThrowsAsync<IOException>(async () => await progress.NextOutputAsync(CancellationToken.None));

        static IEnumerable<CaptionInput> Inputs()
        {
            yield return new CaptionInput(0, "0.mp4", "/0.mp4", "0");
            throw new IOException("the share is gone");
        }
    }

    [Fact]
    public async Task What_is_finished_when_a_run_is_abandoned_can_be_written()
    {
        var progress = Create(inputs: 3);
        var run = progress.Attach();
        var (first, second) = (await Take(progress, run), await Take(progress, run));
        progress.Succeed(first!, ResultOf(first!));

        progress.Abandon();
        progress.Succeed(second!, ResultOf(second!));

        Assert.Equal([0], await WriteAll(progress));
        Assert.Null(await Take(progress, run));
    }

    [Fact]
    public async Task Fail_fast_writes_what_comes_before_the_failure_and_ends()
    {
        var progress = Create(inputs: 10, failFast: true);
        var run = progress.Attach();
        var (first, second, third) = (await Take(progress, run), await Take(progress, run), await Take(progress, run));
        progress.Fail(second!, new PipelineException("media.empty", "empty"));
        progress.Succeed(third!, ResultOf(third!));
        progress.Succeed(first!, ResultOf(first!));

        Assert.Equal([0, 1], await WriteAll(progress));
        Assert.Null(await Take(progress, run));
    }

    /// <summary>Random failures of every kind and deaths of the actor: every input has exactly one result, in order.</summary>
    [Fact]
    public void Every_input_has_one_result_whatever_fails() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 5], Gen.Int[0, 9].Array[600]).Sample(
            (inputs, waiting, choices) => Drive(inputs, waiting, choices),
            iter: TestCampaign.Iterations(300));

    private static void Drive(int inputs, int waiting, int[] choices)
    {
        var progress = Create(inputs, waiting);
        var run = progress.Attach();
        var inFlight = new List<WindowAttempt>();
        var written = new List<int>();
        for (var step = 0; written.Count < inputs; step++)
        {
            Assert.True(step < 10_000, "no progress");
            var choice = step < choices.Length ? choices[step] : 9;
            if (choice == 0)
            {
                run = progress.Attach();
                inFlight.Clear();
            }

            if (progress.TakeAsync(run, new CancellationToken(canceled: true)) is { IsCompletedSuccessfully: true, Result: { } attempt })
            {
                Assert.DoesNotContain(inFlight, other => other.Input.Index == attempt.Input.Index);
                inFlight.Add(attempt);
            }

            Assert.InRange(inFlight.Count, 0, Options.WindowsInFlight);
            if (inFlight.Count > 0)
            {
                End(progress, inFlight, choice);
            }

            while (progress.NextOutputAsync(new CancellationToken(canceled: true)) is { IsCompletedSuccessfully: true, Result: FinishedWindow finished })
            {
                written.Add(finished.Input.Index);
                progress.Written();
            }
        }

        Assert.Equal(Enumerable.Range(0, inputs), written);
        Assert.Null(progress.TakeAsync(run, new CancellationToken(canceled: true)).AsTask().Result);
        Assert.True(progress.NothingLeft);
    }

    private static void End(JobProgress progress, List<WindowAttempt> inFlight, int choice)
    {
        var ended = inFlight[choice % inFlight.Count];
        inFlight.Remove(ended);
        if (choice is >= 1 and <= 4)
        {
            progress.Fail(ended, new PipelineException("test.failed", "failed", kind: (FailureKind)(choice - 1)));
        }
        else
        {
            progress.Succeed(ended, ResultOf(ended));
        }
    }

    private static JobProgress Create(int inputs, int resultsWaiting = 100, bool failFast = false) => new(
        Enumerable.Range(0, inputs).Select(index => new CaptionInput(index, $"{index}.mp4", $"/{index}.mp4", $"{index}")),
        Options,
        resultsWaiting,
        failFast,
        TimeProvider.System);

    private static async Task<WindowAttempt?> Take(JobProgress progress, int run) => await progress.TakeAsync(run, CancellationToken.None);

    private static Caption ResultOf(WindowAttempt attempt) => new(
        attempt.Input.Index, attempt.Input.Source, CaptionKind.Video, Start: null, End: null, "prompt", "text", Tokens: [], MeanLogprob: -1,
        FinishReason.Stop, Truncated: false, "model", TimeSpan.Zero);

    private static async Task<List<int>> WriteAll(JobProgress progress)
    {
        var written = new List<int>();
        while (await progress.NextOutputAsync(CancellationToken.None) is { } output)
        {
            if (output is FinishedWindow finished)
            {
                written.Add(finished.Input.Index);
                progress.Written();
            }
        }

        return written;
    }
}
