using System.Diagnostics;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>Two nodes, each engine and experts of the other, on the same texts at once.</summary>
public sealed class PeerExpertsTests
{
    private static readonly string[] Prompts = ["A red circle moves", "What is 3 plus 4?", "The rabbit", "On a blue background"];

    /// <summary>Were a thread ever to wait for one that waits for it, this would never end: 60 s of it in a long campaign.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Neither_waits_for_a_thread_that_waits_for_it(int microBatches)
    {
        await using var alone = await EngineRig.StartAsync((_, _) => new LocalExpertsFactory());
        var expected = await GenerateAsync(alone);
        string[] settings = [$"pipeline.decoder.micro-batches = {microBatches}", "pipeline.engine.slice = 1ms", "pipeline.engine.prefill-rows = 8"];
        PeerStore? first = null, second = null;
        await using var one = await EngineRig.StartAsync((_, _) => new PeerExpertsFactory(() => second!), settings);
        await using var two = await EngineRig.StartAsync((_, _) => new PeerExpertsFactory(() => first!), settings);
        first = await PeerStore.StartAsync(one);
        second = await PeerStore.StartAsync(two);

        var (started, patience) = (Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(TestCampaign.IsLong ? 30 : 1));
        do
        {
            var texts = await Task.WhenAll(GenerateAsync(one), GenerateAsync(two)).WaitAsync(TimeSpan.FromSeconds(60));
            Assert.All(texts, text => Assert.Equal(expected, text));
        }
        while (Stopwatch.GetElapsedTime(started) < patience);

        Assert.True(first.Batches > 0 && second.Batches > 0, "both worked for the other");
    }

    private static async Task<string[]> GenerateAsync(EngineRig rig)
    {
        var texts = await Task.WhenAll(Prompts.Select(prompt => rig.GenerateAsync(prompt, maxTokens: 24)));
        return [.. texts.Select(text => $"{text.Text} {string.Join(' ', text.Tokens.Select(token => BitConverter.SingleToInt32Bits(token.Logprob)))}")];
    }
}
