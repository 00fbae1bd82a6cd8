using System.Net;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Tests.Shards;
using Pipeline.Cluster.Wire;
using Pipeline.Engine.Running;
using Pipeline.Kernels;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>A node on loopback with a real model: experts of its own on a device of its own, and a way to those of others.</summary>
internal sealed class Member : IAsyncDisposable
{
    private const int Shards = 4;

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
