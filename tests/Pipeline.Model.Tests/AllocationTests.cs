using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

/// <summary>Steps in steady state allocate nothing on the managed heap.</summary>
public sealed class AllocationTests
{
    [Theory]
    [MemberData(nameof(Golden.Names), MemberType = typeof(Golden))]
    public void A_text_step_allocates_nothing(string name)
    {
        using var golden = Golden.Open(name);
        var session = new BatchSession(golden.Ids("text.input_ids"), [], promptLength: 50);
        var batch = new Batch(golden.Model, pageTokens: 8, pages: 13, maxRows: 50, maxSequences: 1);
        batch.Open(session);
        batch.Step((session, 50));
        var choices = new TokenChoice[50];

        AssertAllocatesNothing(() =>
        {
            // One row again and again: a step that nobody commits may be repeated.
            batch.Write((session, 1));
            batch.Pass.Start();
            batch.Finish();
            batch.Pass.ReadChoices(choices);
        });
    }

    [Fact]
    public void A_step_that_waits_for_its_experts_or_is_given_up_allocates_nothing()
    {
        using var golden = Golden.Open("top2");
        var session = new BatchSession(golden.Ids("text.input_ids"), [], promptLength: 50);
        var batch = new Batch(golden.Model, pageTokens: 8, pages: 13, maxRows: 50, maxSequences: 1, new LateExperts(golden.Model.Text, refusals: 2));
        batch.Open(session);

        AssertAllocatesNothing(() =>
        {
            batch.Write((session, 50));
            batch.Pass.Start();
            while (batch.Pass.Advance() != PassState.Waiting)
            {
            }

            batch.Pass.Start();
            batch.Finish();
        });
    }

    [Fact]
    public void A_vision_batch_allocates_nothing()
    {
        using var golden = Golden.Open("scout-like");
        var pass = new VisionPass(golden.Model.Vision!, maxTiles: 2);
        var pixels = golden.Reference.Find("image.pixel_values")!.ReadFloats();
        var visual = new float[2 * pass.TokenElements];

        AssertAllocatesNothing(() =>
        {
            pass.SetTiles(0, pixels);
            pass.Start(2);
            while (pass.Advance() != PassState.Done)
            {
            }

            pass.Read(0, 2, visual);
        });
    }

    [Fact]
    public void Greedy_sampling_on_the_host_allocates_nothing()
    {
        var (sampler, history) = (new Sampler(1000), new TokenHistory([1, 2, 3]));
        var options = SamplingOptions.Best with { RepetitionPenalty = 1.1, MinTokens = 4, StopIds = [7, 8] };
        var logits = new float[1000];

        AssertAllocatesNothing(() => sampler.Sample(logits, history, options));
    }

    private static void AssertAllocatesNothing(Action step)
    {
        for (var i = 0; i < 3; i++)
        {
            step();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++)
        {
            step();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
