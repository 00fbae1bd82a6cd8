using Pipeline.Checkpoints;
using Pipeline.Cluster.Tests.Shards;
using Pipeline.Cluster.Wire;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>Two nodes, each an engine, and each holding half of the experts of both, over real sockets.</summary>
public sealed class MutualTests
{
    private const int Generated = 16;

    [Theory]
    [InlineData("scout-like")]
    [InlineData("top2")]
    [InlineData("maverick-like")]
    public async Task Two_nodes_that_need_each_other_step_at_once_with_the_bits_of_one(string model)
    {
        using var checkpoint = Checkpoint.Open(Path.Join(SharedData.Root, "tests", "data", "goldens", model));
        var expected = await AloneAsync(checkpoint);
        await using var first = await Member.StartAsync("first", checkpoint, [0, 2]);
        await using var second = await Member.StartAsync("second", checkpoint, [1, 3]);
        first.Directory.Set(shard => [shard % 2 == 0 ? ExpertHost.Local : second.Host]);
        second.Directory.Set(shard => [shard % 2 == 1 ? ExpertHost.Local : first.Host]);

        var logits = await Task.WhenAll(
            Task.Run(() => StepAsync(first.Lane, checkpoint, first.Factory)),
            Task.Run(() => StepAsync(second.Lane, checkpoint, second.Factory)));

        Assert.All(logits, each => Assert.True(expected.AsSpan().SequenceEqual(each), "the logits differ"));
        foreach (var member in (Member[])[first, second])
        {
            var meters = member.Client.Meters;
            Assert.Equal(0, meters.Resends + meters.Hedges + meters.NotHeld);
            Assert.InRange(meters.LocalRows, 1, meters.Rows - 1);
            Assert.True(meters.Computed > TimeSpan.Zero && meters.Network > TimeSpan.Zero && meters.Waited > TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task A_real_model_gives_the_same_bits_through_bad_replies()
    {
        using var checkpoint = Checkpoint.Open(Path.Join(SharedData.Root, "tests", "data", "goldens", "top2"));
        var expected = await AloneAsync(checkpoint);
        var impatient = StoreFixture.Options() with { ResendAfter = TimeSpan.FromMilliseconds(100) };
        await using var engine = await Member.StartAsync("engine", checkpoint, [], impatient);
        await using var node = await Member.StartAsync("node", checkpoint, [0, 1, 2, 3], impatient);
        await using var proxy = new FaultyProxy(node.Host, seed: 5) { Delay = TimeSpan.FromMilliseconds(6), Doubled = 0.3, Lost = 0.02 };
        engine.Directory.Set(proxy.Host);

        var logits = await StepAsync(engine.Lane, checkpoint, engine.Factory);

        Assert.True(expected.AsSpan().SequenceEqual(logits), "the logits differ");
        Assert.True(engine.Client.Meters.LateReplies > 0);
    }

    private static async Task<float[]> AloneAsync(Checkpoint checkpoint)
    {
        using var team = new CpuTeam(1);
        await using var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), TimeSpan.FromMilliseconds(50));
        return await StepAsync(lane, checkpoint, new LocalExpertsFactory());
    }

    /// <summary>The logits of a prompt and of the tokens after it.</summary>
    private static async Task<float[]> StepAsync(DeviceLane lane, Checkpoint checkpoint, IExpertsFactory factory)
    {
        var prompt = Enumerable.Range(3, 40).ToArray();
        var session = await lane.Post(device => new ModelSession(device, checkpoint, factory, prompt.Length, lane.Wake));
        var logits = new List<float>(await session.RunAsync(lane, prompt, RowRole.Prompt));
        for (var step = 0; step < Generated; step++)
        {
            logits.AddRange(await session.RunAsync(lane, [session.Best], RowRole.Generated));
        }

        return [.. logits];
    }
}
