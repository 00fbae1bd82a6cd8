using CsCheck;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Scheduling;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>The scheduler driven without a model: scripted arrivals, in any order.</summary>
public sealed class SchedulerTests
{
    private const int PageTokens = 4;

    [Fact]
    public void A_session_that_can_never_fit_is_refused_with_both_numbers()
    {
        var scheduler = CreateScheduler(sessions: 2, pages: 4, prefillRows: 8);

        var refusal = Assert.Throws<PipelineException>(() => scheduler.Ask(CreateSession(1, prompt: 10, max: 7)));

        Assert.Equal("decoder.kv-too-small", refusal.Code);
        Assert.Contains("17", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("16", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sessions_are_admitted_in_order_of_asking_even_where_a_later_one_would_fit()
    {
        var scheduler = CreateScheduler(sessions: 4, pages: 4, prefillRows: 8);
        var (first, large, small) = (CreateSession(1, 6, 2), CreateSession(2, 10, 2), CreateSession(3, 1, 1));
        scheduler.Ask(first);
        scheduler.Ask(large);
        scheduler.Ask(small);

        Assert.Same(first, scheduler.Admit());
        Assert.Null(scheduler.Admit());
        scheduler.Close(first);
        Assert.Same(large, scheduler.Admit());
        Assert.Same(small, scheduler.Admit());
    }

    [Fact]
    public void Pages_of_a_session_in_a_run_are_freed_when_the_run_is_done()
    {
        var scheduler = CreateScheduler(sessions: 1, pages: 2, prefillRows: 8);
        var session = CreateSession(1, 4, 4);
        scheduler.Ask(session);
        scheduler.Admit();
        scheduler.Append(session, Text(4));
        var batch = scheduler.NextPrefill()!;

        scheduler.Close(session);

        Assert.Equal(4, scheduler.PagesInUse);
        scheduler.Complete(batch);
        Assert.Equal(0, scheduler.PagesInUse);
        Assert.Equal(0, scheduler.Open);
    }

    [Fact]
    public void A_session_that_closes_in_the_run_that_ends_its_prompt_is_freed_once()
    {
        var scheduler = CreateScheduler(sessions: 1, pages: 4, prefillRows: 16);
        var session = CreateSession(1, 8, 1);
        scheduler.Ask(session);
        scheduler.Admit();
        scheduler.Append(session, Text(5));
        scheduler.Append(session, Text(3));
        var batch = scheduler.NextPrefill()!;
        Assert.Equal(2, batch.Slices.Count);

        scheduler.Close(session);
        scheduler.Complete(batch);

        Assert.Equal((0, 0), (scheduler.PagesInUse, scheduler.Open));
        Assert.Null(scheduler.NextDecode());
    }

    [Fact]
    public void A_prompt_longer_than_a_run_is_prefilled_in_chunks_and_then_decodes()
    {
        var scheduler = CreateScheduler(sessions: 1, pages: 8, prefillRows: 5);
        var session = CreateSession(1, 12, 3);
        scheduler.Ask(session);
        scheduler.Admit();
        scheduler.Append(session, Text(7));
        Assert.False(scheduler.WantsMore(session));

        var positions = new List<(int Position, int Rows, int Offset)>();
        while (session.Phase == SessionPhase.Prefill)
        {
            if (scheduler.WantsMore(session) && session.Appended < 12)
            {
                scheduler.Append(session, Text(5));
            }

            var batch = scheduler.NextPrefill()!;
            positions.AddRange(batch.Slices.Select(slice => (slice.Position, slice.Rows, slice.Offset)));
            scheduler.Complete(batch);
        }

        Assert.Equal([(0, 5, 0), (5, 2, 5), (7, 3, 0), (10, 2, 3)], positions);
        Assert.Same(session, Assert.Single(scheduler.NextDecode()!.Sessions));
    }

    /// <summary>Random arrivals, segment sizes, ends and orders of completion: no page leaks or is shared, budgets hold, everyone who
    /// is fed ends, and rows are handed over in order, each once.</summary>
    [Fact]
    public void Whatever_the_order_all_sessions_end_and_no_page_is_lost() =>
        Gen.Select(
            Gen.Int[1, 4],
            Gen.Int[1, 9],
            Gen.Int[1, 2],
            Gen.Select(Gen.Int[1, 20], Gen.Int[1, 12], Gen.Int[1, 7], Gen.Bool).Array[1, 12],
            Gen.Int[0, 3].Array[4000])
        .Sample(
            (sessions, prefillRows, microBatches, plans, choices) =>
                new Simulation(CreateScheduler(sessions, pages: 9, prefillRows, microBatches), sessions, prefillRows, microBatches, choices).Run(plans),
            iter: TestCampaign.Iterations(300));

    private static Scheduler CreateScheduler(int sessions, int pages, int prefillRows, int microBatches = 1) => new(
        new SchedulerLimits(sessions, PageTokens, prefillRows, microBatches),
        new Dictionary<AttentionKind, PagePool>
        {
            [AttentionKind.Chunked] = new PagePool(pages),
            [AttentionKind.Full] = new PagePool(pages),
        });

    private static Session CreateSession(long id, int prompt, int max) =>
        new(id, prompt, new DecodeSettings(SamplingOptions.Best, max, []), []);

    private static TextSegment Text(int length) => new(Enumerable.Range(0, length).ToArray());

    private sealed class Simulation(Scheduler scheduler, int sessions, int prefillRows, int microBatches, int[] choices)
    {
        private readonly List<Session> _live = [];
        private readonly Dictionary<long, int> _handed = [];
        private PrefillBatch? _prefill;
        private readonly List<DecodeBatch> _decodes = [];
        private int _choice;

        public void Run((int Prompt, int Max, int Segment, bool Leaves)[] plans)
        {
            var waiting = new Queue<Session>();
            for (var i = 0; i < plans.Length; i++)
            {
                var session = CreateSession(i, plans[i].Prompt, plans[i].Max);
                scheduler.Ask(session);
                waiting.Enqueue(session);
            }

            var steps = 0;
            while (waiting.Count > 0 || _live.Count > 0 || _prefill is not null || _decodes.Count > 0)
            {
                Assert.True(++steps < 20_000, "no progress");
                while (scheduler.Admit() is { } admitted)
                {
                    Assert.Same(waiting.Dequeue(), admitted);
                    _live.Add(admitted);
                }

                Step(plans);
                CheckInvariants();
            }

            Assert.Equal(0, scheduler.PagesInUse);
            Assert.Equal(0, scheduler.Open);
            Assert.Equal(0, scheduler.Waiting);
        }

        private void Step((int Prompt, int Max, int Segment, bool Leaves)[] plans)
        {
            switch (choices[_choice++ % choices.Length])
            {
                case 0:
                    foreach (var session in _live.Where(session => session.Phase == SessionPhase.Prefill && scheduler.WantsMore(session)))
                    {
                        scheduler.Append(session, Text(Math.Min(plans[session.Id].Segment, session.PromptTokens - session.Appended)));
                    }

                    break;
                case 1:
                    _prefill ??= scheduler.NextPrefill();
                    while (scheduler.NextDecode() is { } decode)
                    {
                        CheckDecode(decode);
                        _decodes.Add(decode);
                    }

                    break;
                case 2 when _prefill is not null:
                    CheckPrefill(_prefill);
                    foreach (var session in _prefill.Slices.Select(slice => slice.Session).Distinct().Where(session => plans[session.Id].Max == 1))
                    {
                        scheduler.Close(session);
                        _live.Remove(session);
                    }

                    scheduler.Complete(_prefill);
                    _prefill = null;
                    break;
                case 3 when _decodes.Count > 0:
                    // Of two, the one that was handed over last may be done first.
                    var done = _decodes[choices[_choice % choices.Length] % _decodes.Count];
                    _decodes.Remove(done);
                    CompleteDecode(done, plans);
                    break;
            }
        }

        private void CheckPrefill(PrefillBatch batch)
        {
            Assert.InRange(batch.Rows, 1, prefillRows);
            Assert.Equal(batch.Rows, batch.Slices.Sum(slice => slice.Rows));
            foreach (var slice in batch.Slices)
            {
                Assert.Equal(_handed.GetValueOrDefault(slice.Session.Id), slice.Position);
                _handed[slice.Session.Id] = slice.Position + slice.Rows;
            }
        }

        private void CheckDecode(DecodeBatch batch)
        {
            var decoding = _live.Count(session => session.Phase == SessionPhase.Decode);
            Assert.InRange(batch.Sessions.Count, 1, (decoding + microBatches - 1) / microBatches);
            Assert.Empty(batch.Sessions.Intersect(_decodes.SelectMany(other => other.Sessions)));
        }

        private void CompleteDecode(DecodeBatch batch, (int Prompt, int Max, int Segment, bool Leaves)[] plans)
        {
            // Now and then a step comes to nothing: its sessions step again, or are closed.
            if (choices[_choice++ % choices.Length] == 0)
            {
                scheduler.Drop(batch);
                return;
            }

            foreach (var session in batch.Sessions)
            {
                Scheduler.Accept(session, token: 1);
                var leaves = plans[session.Id].Leaves && session.Generated == 1;
                if (leaves || session.Generated == session.MaxTokens)
                {
                    scheduler.Close(session);
                    _live.Remove(session);
                }
            }

            scheduler.Complete(batch);
        }

        private void CheckInvariants()
        {
            Assert.InRange(scheduler.Open, 0, sessions);
            foreach (var kind in Enum.GetValues<AttentionKind>())
            {
                var pages = _live.Where(session => session.Phase != SessionPhase.Waiting).SelectMany(session => session.Pages(kind)).ToArray();
                Assert.Equal(pages.Length, pages.Distinct().Count());
            }
        }
    }
}
