using Pipeline.Cluster.Shards;
using Pipeline.Kernels;

namespace Pipeline.Cluster.Tests.Shards;

/// <summary>The engine with all shards in its process, over real clips, pictures and questions: what the undivided one answers.</summary>
public sealed class DividedEvalTests(DividedEvalTests.Whole whole) : IClassFixture<DividedEvalTests.Whole>
{
    private const int All = 60;

    [Theory]
    [InlineData(1, 10)]
    [InlineData(4, 20)]
    [InlineData(7, 10)]
    public async Task Answers_and_log_probabilities_are_the_same_bits(int shards, int count)
    {
        await using var divided = await StartAsync(shards, Quantization.None);

        var answers = await divided.AnswerAsync(TestCampaign.IsLong ? All : count);

        Assert.Equal(whole.Answers[..answers.Length], answers);
        Assert.All(answers, answer => Assert.NotEmpty(answer.Tokens));
    }

    [Fact]
    public async Task Quantized_experts_are_the_same_bits_in_shards()
    {
        await using var undivided = await EvalEngine.StartWholeAsync(Quantization.Int8);
        await using var divided = await StartAsync(shards: 4, Quantization.Int8);

        Assert.Equal(await undivided.AnswerAsync(5), await divided.AnswerAsync(5));
    }

    private static Task<EvalEngine> StartAsync(int shards, Quantization quantization) => EvalEngine.StartAsync(
        async (checkpoint, lane) =>
        {
            var map = ShardMap.Create(checkpoint.Config.Text, shards, load: null, checkpoint.ReadExperts().ExpertBytes);
            var experts = await InProcessExperts.StartAsync(lane, checkpoint, map, StoreFixture.Options(), default);
            return (experts.Factory, experts);
        },
        quantization);

    /// <summary>What the undivided engine answers.</summary>
    public sealed class Whole : IAsyncLifetime
    {
        internal EvalAnswer[] Answers { get; private set; } = [];

        public async Task InitializeAsync()
        {
            await using var engine = await EvalEngine.StartWholeAsync();
            Answers = await engine.AnswerAsync(TestCampaign.IsLong ? All : 20);
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
