using System.Net;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Tests.Shards;
using Pipeline.Cluster.Wire;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>Two nodes, each an engine, and each holding half of the experts of both, over real sockets.</summary>
public sealed class MutualTests
{
    private const int Shards = 4;
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

    private sealed class Member : IAsyncDisposable
    {
        private readonly CpuTeam _team;
        private readonly ExpertStore _store;
        private readonly ExpertListener _listener;

        private Member(string name, CpuTeam team, DeviceLane lane, Checkpoint checkpoint, ShardMap map, ExpertsOptions options)
        {
            var text = checkpoint.Config.Text;
            var identity = new WireIdentity(name, checkpoint.Digest, map.Digest, "path", text.HiddenSize, text.ExpertsPerToken, options.FrameBytes);
            (_team, Lane) = (team, lane);
            _store = new ExpertStore(lane, checkpoint, map, options);
            _listener = ExpertListener.Bind(IPAddress.Loopback, 0, options);
            _listener.Serve(identity, map, _store.Enqueue);
            Client = ExpertClient.Start(identity, options, Directory, _store.Enqueue);
            Factory = new ShardedExpertsFactory(Client, map);
            Host = new ExpertHost(name, "127.0.0.1", _listener.Port, "path");
        }

        public DeviceLane Lane { get; }

        public TestDirectory Directory { get; } = new();

        public ExpertClient Client { get; }

        public ShardedExpertsFactory Factory { get; }

        public ExpertHost Host { get; }

        public static async Task<Member> StartAsync(string name, Checkpoint checkpoint, int[] shards, ExpertsOptions? options = null)
        {
            var team = new CpuTeam(1);
            var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), TimeSpan.FromMilliseconds(50));
            var map = ShardMap.Create(checkpoint.Config.Text, Shards, load: null, checkpoint.ReadExperts().ExpertBytes);
            var member = new Member(name, team, lane, checkpoint, map, options ?? StoreFixture.Options());
            foreach (var shard in shards)
            {
                await member._store.WarmAsync(shard, CancellationToken.None);
            }

            return member;
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await _listener.DisposeAsync();
            await _store.DisposeAsync();
            await Lane.DisposeAsync();
            _team.Dispose();
            Assert.Equal(0, Client.Buffers.Rented);
            Assert.Equal(0, _listener.BuffersRented);
        }
    }
}
