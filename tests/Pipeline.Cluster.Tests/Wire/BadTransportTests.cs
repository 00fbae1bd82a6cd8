using Pipeline.Checkpoints;
using Pipeline.Cluster.Tests.Shards;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>The whole engine with its experts behind a transport that treats replies badly: pictures, prompts and two micro-batches at once.</summary>
public sealed class BadTransportTests
{
    private const int Questions = 6;
    private static readonly int[] AllShards = [0, 1, 2, 3];

    [Fact]
    public async Task Answers_through_late_reordered_doubled_and_lost_replies_are_the_same_bits()
    {
        var expected = await WholeAsync();
        await using var lab = await Lab.StartAsync(resendAfter: TimeSpan.FromMilliseconds(100), proxy =>
            (proxy.Delay, proxy.Doubled, proxy.Lost) = (TimeSpan.FromMilliseconds(4), 0.2, 0.005));

        var answers = await lab.Engine.AnswerAsync(Questions);

        Assert.Equal(expected, answers);
        Assert.True(lab.Client.Client.Meters.LateReplies > 0);
        Assert.True(lab.Client.Client.Meters.Resends > 0);
    }

    [Fact]
    public async Task While_a_decode_step_waits_for_a_reply_a_picture_is_encoded_and_captioned()
    {
        var expected = await WholeAsync();
        await using var lab = await Lab.StartAsync(resendAfter: TimeSpan.FromSeconds(30), proxy => proxy.HoldOne());

        var held = lab.Engine.AnswerAsync(..1);
        await Eventually.IsTrue(() => lab.Proxy.IsHolding, "a decode step waits for a reply");
        var steps = lab.Engine.Decoder.Steps;
        var picture = await lab.Engine.AnswerAsync(3..4);

        Assert.Equal(expected[3..4], picture);
        Assert.False(held.IsCompleted);
        Assert.InRange(lab.Engine.Decoder.Steps, steps + picture[0].Tokens.Length - 1, long.MaxValue);
        lab.Proxy.Release();
        Assert.Equal(expected[..1], await held);
        Assert.Equal(0, lab.Client.Client.Meters.Resends);
    }

    private static async Task<EvalAnswer[]> WholeAsync()
    {
        await using var whole = await EvalEngine.StartWholeAsync();
        return await whole.AnswerAsync(Questions);
    }

    /// <summary>An engine that has all its experts behind a proxy.</summary>
    private sealed class Lab : IAsyncDisposable
    {
        private readonly Checkpoint _checkpoint = Checkpoint.Open(EvalEngine.ModelFolder);
        private Member _node = null!;

        private Lab()
        {
        }

        /// <summary>The engine's way to its experts.</summary>
        public Member Client { get; private set; } = null!;

        public FaultyProxy Proxy { get; private set; } = null!;

        public EvalEngine Engine { get; private set; } = null!;

        public static async Task<Lab> StartAsync(TimeSpan resendAfter, Action<FaultyProxy> treat)
        {
            var options = StoreFixture.Options() with { ResendAfter = resendAfter };
            var lab = new Lab();
            lab._node = await Member.StartAsync("node", lab._checkpoint, AllShards, options);
            lab.Proxy = new FaultyProxy(lab._node.Host, seed: 7);
            treat(lab.Proxy);
            lab.Client = await Member.StartAsync("engine", lab._checkpoint, [], options);
            lab.Client.Directory.Set(lab.Proxy.Host);
            lab.Engine = await EvalEngine.StartAsync(
                (_, _) => Task.FromResult<(Model.IExpertsFactory, IAsyncDisposable?)>((lab.Client.Factory, null)), "pipeline.decoder.micro-batches = 2");
            return lab;
        }

        public async ValueTask DisposeAsync()
        {
            await Engine.DisposeAsync();
            await Client.DisposeAsync();
            await Proxy.DisposeAsync();
            await _node.DisposeAsync();
            _checkpoint.Dispose();
        }
    }
}
