using Pipeline.Checkpoints;

namespace Pipeline.Model.Tests;

public sealed class ModelMemoryTests
{
    [Theory]
    [InlineData("scout-like", 1, false)]
    [InlineData("maverick-like", 1, true)]
    [InlineData("top2", 2, false)]
    public void A_plan_counts_each_buffer_of_the_passes(string name, int slots, bool dense)
    {
        using var golden = Golden.Open(name);

        // Hidden 64 (residual, normed), 4 heads of 16 (query, attended), 2 KV heads (key, value), inner 96, dense inner 128.
        // The shared expert's result lies in the attended rows, which have its width.
        var floatsOfRow = (2 * 64) + (2 * 64) + (2 * 32) + 96 + (dense ? 128 : 0) + (slots * (96 + 64));
        var text = 4L * ((32 * floatsOfRow) + (5 * 320));

        // 16 patches of 588 in 48, with the class token 17 rows in 6 buffers and an inner one of 192; 4 tokens of 192, 80, 80, 64.
        var vision = 4L * 3 * (9408 + (16 * (588 + 48)) + (17 * ((6 * 48) + 192)) + (4 * (192 + 80 + 80 + 64)));

        var weights = ModelSummary.Of(golden.Model.Config);
        var plan = ModelMemory.Plan(golden.Model.Config, weights, [(32, 5), (32, 5)], visionTiles: 3, largestPage: 20);

        // Keys and values of 5 layers, 2 heads of 16, 16 tokens a page.
        var routed = 2L * weights.Kinds.Single(kind => kind.Kind == TensorKind.RoutedExperts).Parameters;
        Assert.Equal(new ModelMemory(weights.Bytes, routed, 2 * text, vision, KvPageBytes: 2 * 4 * 5 * 32 * 16, KvPageTokens: 16), plan);
        Assert.Equal([0, 20480, 20480, 40960], new[] { 0, 1, 16, 17 }.Select(plan.SessionBytes));

        // Without routed experts their weights and their inner rows are elsewhere; the result rows still come back here.
        var inner = 2L * 4 * 32 * slots * 96;
        Assert.Equal(
            plan with { WeightBytes = weights.Bytes - routed, TextPassBytes = (2 * text) - inner },
            ModelMemory.Plan(golden.Model.Config, weights, [(32, 5), (32, 5)], visionTiles: 3, largestPage: 20, routedExperts: false));
    }
}
