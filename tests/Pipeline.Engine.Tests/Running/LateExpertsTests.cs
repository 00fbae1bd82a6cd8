using Akka.Actor;
using Pipeline.Engine.Graph;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>The engine with experts that are elsewhere and answer when they like, if at all.</summary>
public sealed class LateExpertsTests
{
    private const int MaxTokens = 48;

    private static readonly string[] Prompts =
    [
        "A red circle moves", "What is 3 plus 4?", "The rabbit", "On a blue background", "Describe the video.", "Two squares", "It", "A cat sits on a mat and",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Answers_late_and_in_any_order_give_the_bits_of_local_experts(int microBatches)
    {
        var expected = await LocalAsync();
        await using var run = await StartAsync(microBatches, "pipeline.engine.prefill-rows = 8");
        using var pump = new AnswerPump(run.Experts.Passes, run.Rig.Lane.Wake);

        var texts = await Task.WhenAll(Prompts.Select(prompt => run.Rig.GenerateAsync(prompt, MaxTokens)));

        Same(expected, texts);
        Assert.All(run.Experts.Passes, pass => Assert.True(pass.AskedInVain > 0, "nobody ever waited"));
        await run.Rig.NothingIsHeldAsync();
    }

    [Fact]
    public async Task While_a_step_waits_a_vision_batch_and_steps_of_the_other_micro_batch_are_done()
    {
        var expected = await LocalAsync();
        await using var run = await StartAsync(microBatches: 2);
        using var pump = new AnswerPump(run.Experts.Passes[1..], run.Rig.Lane.Wake);
        run.Experts.Passes[0].Hold();

        var texts = Prompts.Select(prompt => run.Rig.GenerateAsync(prompt, MaxTokens)).ToArray();
        await Eventually.IsTrue(() => run.Experts.Passes[0].IsOut, "a step waits");
        var (begun, other) = (run.Experts.Passes[0].Begun, run.Experts.Passes[1].Begun);
        var rows = await run.Rig.EncodeTileAsync();
        await Eventually.IsTrue(() => run.Experts.Passes[1].Begun > other + 20, "the other micro-batch made steps");

        Assert.All(rows, value => Assert.True(float.IsFinite(value)));
        Assert.Equal(begun, run.Experts.Passes[0].Begun);
        using var rest = new AnswerPump(run.Experts.Passes[..1], run.Rig.Lane.Wake);
        run.Experts.Passes[0].Release();
        Same(expected, await Task.WhenAll(texts));
        await run.Rig.NothingIsHeldAsync();
    }

    [Fact]
    public async Task Where_experts_are_out_of_reach_the_steps_sessions_fail_and_the_others_go_on()
    {
        var expected = await LocalAsync();
        await using var run = await StartAsync(microBatches: 2);
        var passes = run.Experts.Passes;
        using var pump = new AnswerPump(passes[1..], run.Rig.Lane.Wake);
        passes[0].Hold();
        var texts = Prompts.Select(prompt => run.Rig.GenerateAsync(prompt, MaxTokens)).ToArray();
        await Eventually.IsTrue(() => passes[0].IsOut, "a step waits");

        passes[0].Fail(OutOfReach());

        await Eventually.IsTrue(() => texts.Any(text => text.IsFaulted), "a session failed");
        using var rest = new AnswerPump(passes[..1], run.Rig.Lane.Wake);
        var ended = await Task.WhenAll(texts.Select(EndAsync));
        Assert.Contains(ended, text => text is not null);
        for (var i = 0; i < Prompts.Length; i++)
        {
            if (ended[i] is { } text)
            {
                Same([expected[i]], [text]);
            }
        }

        await run.Rig.NothingIsHeldAsync();
        Same(expected, await Task.WhenAll(Prompts.Select(prompt => run.Rig.GenerateAsync(prompt, MaxTokens))));
    }

    [Fact]
    public async Task Where_experts_are_out_of_reach_of_a_prompt_its_sessions_fail_and_decoding_goes_on()
    {
        var expected = await LocalAsync();
        await using var run = await StartAsync(microBatches: 1);
        var passes = run.Experts.Passes;
        using var pump = new AnswerPump(passes[..1], run.Rig.Lane.Wake);
        var prefill = passes[^1];
        var decoding = run.Rig.GenerateAsync(Prompts[0], MaxTokens);
        prefill.Release();
        await Eventually.IsTrue(() => { prefill.Release(); return passes[0].Begun > 0; }, "the first decodes");
        prefill.Hold();
        var failing = run.Rig.GenerateAsync(Prompts[1], MaxTokens);
        await Eventually.IsTrue(() => prefill.IsOut, "the second's prompt waits");

        prefill.Fail(OutOfReach());

        Assert.Null(await EndAsync(failing));
        Same([expected[0]], [await decoding]);
        await run.Rig.NothingIsHeldAsync();
    }

    [Fact]
    public async Task A_step_of_a_decoder_that_died_is_abandoned_and_its_late_answer_harms_nobody()
    {
        var expected = await LocalAsync();
        await using var run = await StartAsync(microBatches: 1);
        var pass = run.Experts.Passes[0];
        using var pump = new AnswerPump(run.Experts.Passes[1..], run.Rig.Lane.Wake);
        pass.Hold();
        var lost = run.Rig.GenerateAsync(Prompts[0], MaxTokens);
        await Eventually.IsTrue(() => pass.IsOut, "a step waits");

        run.Rig.Engine.System.ActorSelection("/user/engine-*/decoder").Tell(Kill.Instance);

        Assert.Equal(FailureKind.Shared, (await Assert.ThrowsAnyAsync<PipelineException>(() => lost)).Kind);
        await Eventually.IsTrue(() => pass.Abandoned == 1, "the ticket was given up");
        pass.Release();
        using var rest = new AnswerPump([pass], run.Rig.Lane.Wake);
        Same(expected, await Task.WhenAll(Prompts.Select(prompt => run.Rig.GenerateAsync(prompt, MaxTokens))));
        await run.Rig.NothingIsHeldAsync();
    }

    [Fact]
    public async Task The_engine_can_end_while_a_step_waits()
    {
        var run = await StartAsync(microBatches: 1);
        run.Experts.Passes.ForEach(pass => pass.Hold());
        var text = run.Rig.GenerateAsync(Prompts[0], MaxTokens);
        await Eventually.IsTrue(() => run.Experts.Passes[^1].IsOut, "a prompt waits");

        await run.DisposeAsync();

        Assert.Equal(1, run.Experts.Passes.Sum(pass => pass.Abandoned));
        await Assert.ThrowsAnyAsync<PipelineException>(() => text);
    }

    private static PipelineException OutOfReach() =>
        new("experts.out-of-reach", "shard 3 is held by nobody", "start more expert nodes", FailureKind.Outside);

    private static async Task<CaptionText?> EndAsync(Task<CaptionText> text)
    {
        try
        {
            return await text;
        }
        catch (PipelineException failure)
        {
            Assert.Equal(("experts.out-of-reach", FailureKind.Outside), (failure.Code, failure.Kind));
            return null;
        }
    }

    private static async Task<CaptionText[]> LocalAsync()
    {
        await using var rig = await EngineRig.StartAsync((_, _) => new LocalExpertsFactory());
        return await Task.WhenAll(Prompts.Select(prompt => rig.GenerateAsync(prompt, MaxTokens)));
    }

    private static async Task<LateRun> StartAsync(int microBatches, params string[] settings)
    {
        LateExperts? experts = null;
        var rig = await EngineRig.StartAsync(
            (checkpoint, _) => experts = new LateExperts(checkpoint), [$"pipeline.decoder.micro-batches = {microBatches}", .. settings]);
        return new LateRun(rig, experts!);
    }

    private static void Same(IEnumerable<CaptionText> expected, IEnumerable<CaptionText> actual)
    {
        foreach (var (wanted, got) in expected.Zip(actual, (wanted, got) => (wanted, got)))
        {
            Assert.Equal(wanted.Text, got.Text);
            Assert.Equal(
                wanted.Tokens.Select(token => (token.Token, BitConverter.SingleToInt32Bits(token.Logprob))),
                got.Tokens.Select(token => (token.Token, BitConverter.SingleToInt32Bits(token.Logprob))));
        }
    }

    private sealed record LateRun(EngineRig Rig, LateExperts Experts) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Rig.DisposeAsync();
    }
}
