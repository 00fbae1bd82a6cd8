using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests.Shards;

/// <summary>A divided model in one process beside the undivided one: the same logits, bit for bit, in prompts and in steps.</summary>
public sealed class InProcessExpertsTests
{
    private const int Generated = 24;

    /// <summary>One expert of a token, two of a token, and layers without experts between.</summary>
    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var model in new[] { "scout-like", "top2", "maverick-like" })
        {
            foreach (var shards in new[] { 1, 4, 7 })
            {
                cases.Add(model, shards);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Logits_are_those_of_the_undivided_model_bit_for_bit(string model, int shards)
    {
        using var checkpoint = Open(model);
        var whole = await RunAsync(checkpoint, _ => Task.FromResult<(IExpertsFactory, IAsyncDisposable?)>((new LocalExpertsFactory(), null)));

        var divided = await RunAsync(checkpoint, async lane =>
        {
            var map = ShardMap.Create(checkpoint.Config.Text, shards, load: null, checkpoint.ReadExperts().ExpertBytes);
            var experts = await InProcessExperts.StartAsync(lane, checkpoint, map, StoreFixture.Options(), default);
            return (experts.Factory, experts);
        });

        Assert.Equal(whole.Length, divided.Length);
        Assert.True(whole.AsSpan().SequenceEqual(divided), "the logits differ");
        Assert.All(whole, logit => Assert.True(float.IsFinite(logit)));
    }

    [Fact]
    public async Task Routing_is_recorded_row_by_row_and_layer_by_layer()
    {
        using var checkpoint = Open("top2");
        var text = checkpoint.Config.Text;
        var statistics = new RoutingStatistics(text.Layers, text.Experts);

        var recorded = await RunAsync(
            checkpoint, _ => Task.FromResult<(IExpertsFactory, IAsyncDisposable?)>((new RecordingExpertsFactory(new LocalExpertsFactory(), statistics), null)));

        var plain = await RunAsync(checkpoint, _ => Task.FromResult<(IExpertsFactory, IAsyncDisposable?)>((new LocalExpertsFactory(), null)));
        Assert.Equal(plain, recorded);
        for (var layer = 0; layer < text.Layers; layer++)
        {
            var rows = Enumerable.Range(0, text.Experts).Sum(expert => statistics[new ExpertId(layer, expert)]);
            Assert.Equal(text.LayerConfigs[layer].MixtureOfExperts ? (Prompt("top2").Length + Generated) * text.ExpertsPerToken : 0, rows);
        }

        // Shards that are made by what was seen hold about the same load in each layer.
        var map = ShardMap.Create(text, shards: 2, statistics);
        for (var layer = 0; layer < text.Layers; layer++)
        {
            var loads = new long[2];
            for (var expert = 0; expert < text.Experts; expert++)
            {
                loads[map.ShardOf(new ExpertId(layer, expert))] += statistics[new ExpertId(layer, expert)];
            }

            var hottest = Enumerable.Range(0, text.Experts).Max(expert => statistics[new ExpertId(layer, expert)]);
            Assert.InRange(Math.Abs(loads[0] - loads[1]), 0, hottest);
        }
    }

    private static Checkpoint Open(string model) => Checkpoint.Open(Path.Join(SharedData.Root, "tests", "data", "goldens", model));

    private static int[] Prompt(string model)
    {
        using var golden = SafetensorsFile.Open(Path.Join(SharedData.Root, "tests", "data", "goldens", model, "golden.safetensors"));
        return [.. golden.Find("text.input_ids")!.ReadIntegers().Select(id => (int)id)];
    }

    /// <summary>The logits of a prompt's rows and of each token generated after it, on a device thread as an engine has it.</summary>
    private static async Task<float[]> RunAsync(Checkpoint checkpoint, Func<DeviceLane, Task<(IExpertsFactory Factory, IAsyncDisposable? Owner)>> createExperts)
    {
        using var team = new CpuTeam(2);
        await using var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), TimeSpan.FromMilliseconds(50));
        var (factory, owner) = await createExperts(lane);
        await using var experts = owner;
        var prompt = Prompt(Path.GetFileName(checkpoint.Directory));
        var session = await lane.Post(device => new ModelSession(device, checkpoint, factory, prompt.Length, lane.Wake));
        var logits = new List<float>(await session.RunAsync(lane, prompt, RowRole.Prompt));
        for (var i = 0; i < Generated; i++)
        {
            logits.AddRange(await session.RunAsync(lane, [session.Best], RowRole.Generated));
        }

        return [.. logits];
    }
}
