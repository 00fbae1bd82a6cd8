using System.Text.Json;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Tests.Shards;
using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;
using Pipeline.Terminal;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>4 shards over 3 expert processes, this process their engine: the bits of one process, in full, which results as text do not show.</summary>
public sealed class ExactTests
{
    private const int Shards = 4;
    private const int Generated = 24;

    private static readonly string s_eval = Path.Join(SharedData.Root, "tests", "data", "eval");

    /// <summary>Among the first five are videos, a picture, and a question about a video.</summary>
    private static readonly int s_questions = TestCampaign.IsLong ? 60 : 15;

    [Fact]
    public async Task Answers_and_log_probabilities_are_the_same_bits()
    {
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1);

        var whole = await AnswerAsync();
        var divided = await AnswerAsync($"pipeline.cluster.join={cluster.Name}", "pipeline.cluster.port=0");

        Assert.Equal(s_questions, whole.Length);
        Assert.All(whole.Zip(divided), pair =>
        {
            Assert.NotEmpty(pair.First.Tokens);
            Assert.Equal(pair.First.Text, pair.Second.Text);
            Assert.Equal(pair.First.Tokens, pair.Second.Tokens);
        });
    }

    /// <summary>Two experts of a token, and layers without experts between.</summary>
    [Theory]
    [InlineData("top2")]
    [InlineData("maverick-like")]
    public async Task Logits_of_a_golden_are_the_same_bits(string golden)
    {
        var folder = Path.Join(SharedData.Root, "tests", "data", "goldens", golden);
        using var cluster = await ExpertCluster.StartAsync(nodes: 3, Shards, replicas: 1, "--model", folder);
        using var checkpoint = Checkpoint.Open(folder);

        var whole = await LogitsAsync(checkpoint, _ => Task.FromResult<(IExpertsFactory, IAsyncDisposable?)>((new LocalExpertsFactory(), null)));
        var divided = await LogitsAsync(checkpoint, async lane =>
        {
            var settings = Settings(folder, $"pipeline.cluster.join={cluster.Name}", "pipeline.cluster.port=0");
            var member = await ClusterMember.StartAsync(settings, NodeRoles.Engine, checkpoint, lane, CancellationToken.None);
            await Eventually.IsTrue(() => member.Node.Unplaced.Count == 0, "all shards are held");
            return (member.CreateExperts(), member);
        });

        Assert.All(whole, logit => Assert.True(float.IsFinite(logit)));
        Assert.Equal(whole, divided);
    }

    private static Settings Settings(string model, params string[] sets) => Composition.Settings.Load(
        new SettingsArguments(null, null, sets, []),
        model,
        new Surroundings(Stream.Null, TextWriter.Null, IsTerminal: false, OutputIsTerminal: false, new Dictionary<string, string>(), SharedData.Root, default));

    private static async Task<(string Text, (int Token, float Logprob)[] Tokens)[]> AnswerAsync(params string[] sets)
    {
        using var team = new CpuTeam(2);
        await using var host = await EngineHost.StartAsync(
            Settings(Path.Join(SharedData.Root, "models", "tiny-scout"), sets), team, readsMedia: true, _ => { }, CancellationToken.None);
        using var materializer = host.Engine.System.Materializer();
        return await Task.WhenAll(File.ReadLines(Path.Join(s_eval, "manifest.jsonl")).Take(s_questions).Select(async line =>
        {
            var item = JsonElement.Parse(line);
            var file = item.GetProperty("file").GetString()!;
            var window = await host.Engine.PlanAsync(
                new WindowRequest(
                    file, Path.Join(s_eval, file), item.GetProperty("prompt").GetString(), System: null, Raw: false, Frames: null,
                    new DecodeSettings(SamplingOptions.Best, MaxTokens: 64, [])),
                CancellationToken.None);
            var text = await host.Engine.RunAsync(window, _ => { }, materializer, CancellationToken.None);
            return (text.Text, text.Tokens.Select(token => (token.Token, token.Logprob)).ToArray());
        }));
    }

    /// <summary>Of a prompt's rows and of each token generated after it.</summary>
    private static async Task<float[]> LogitsAsync(Checkpoint checkpoint, Func<DeviceLane, Task<(IExpertsFactory Factory, IAsyncDisposable? Owner)>> createExperts)
    {
        using var golden = SafetensorsFile.Open(Path.Join(checkpoint.Directory, "golden.safetensors"));
        int[] prompt = [.. golden.Find("text.input_ids")!.ReadIntegers().Select(id => (int)id)];
        using var team = new CpuTeam(2);
        await using var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), TimeSpan.FromMilliseconds(50));
        var (factory, owner) = await createExperts(lane);
        await using var experts = owner;
        var session = await lane.Post(device => new ModelSession(device, checkpoint, factory, prompt.Length, lane.Wake));
        var logits = new List<float>(await session.RunAsync(lane, prompt, RowRole.Prompt));
        for (var i = 0; i < Generated; i++)
        {
            logits.AddRange(await session.RunAsync(lane, [session.Best], RowRole.Generated));
        }

        return [.. logits];
    }
}
