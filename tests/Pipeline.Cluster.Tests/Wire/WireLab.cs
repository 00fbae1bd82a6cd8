using System.Net;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

/// <summary>An engine's client and as many nodes as a test wants, over loopback; at its end nothing may be held by anybody.</summary>
internal sealed class WireLab : IAsyncDisposable
{
    public const int Experts = 8;
    public const int Layers = 3;

    private readonly List<TestPass> _passes = [];
    private readonly List<Node> _nodes = [];

    public WireLab(ExpertsOptions? options = null, int shards = 4, int hidden = 20, int slots = 2, ClusterTls? tls = null, TimeProvider? clock = null)
    {
        Options = options ?? DefaultOptions;
        using var folder = new TemporaryFolder();
        RandomCheckpoint.Write(folder.Path, new RandomCheckpointOptions { Layers = Layers, Experts = Experts, TopK = slots, HiddenSize = 16, TextOnly = true });
        using var checkpoint = Checkpoint.Open(folder.Path);
        Map = ShardMap.Create(checkpoint.Config.Text, shards);
        Table = new ShardTable(Map);
        Identity = new WireIdentity("engine", "checkpoint", Map.Digest, "AVX", hidden, slots, Options.FrameBytes);
        Tls = tls;
        Client = ExpertClient.Start(Identity, Options, Directory, LocalStore.Enqueue, tls, clock);
    }

    public static ExpertsOptions DefaultOptions { get; } = new(
        Shards: 4,
        Replicas: 1,
        Load: "",
        Record: "",
        Deadline: TimeSpan.FromSeconds(60),
        ResendAfter: TimeSpan.FromSeconds(30),
        BytesOutstanding: 1 << 20,
        FrameBytes: 1 << 12,
        Connections: 16,
        Rows: 64,
        MixedPaths: false,
        MemoryBytes: 0);

    public ExpertsOptions Options { get; }

    public ShardMap Map { get; }

    public ShardTable Table { get; }

    public WireIdentity Identity { get; }

    public ClusterTls? Tls { get; }

    public TestDirectory Directory { get; } = new();

    public TestStore LocalStore { get; } = new();

    public ExpertClient Client { get; }

    public TestPass AddPass(int maxRows = 64, bool urgent = true)
    {
        var pass = new TestPass(Client, Table, Experts, maxRows, urgent);
        _passes.Add(pass);
        return pass;
    }

    public Node AddNode(int port = 0, WireIdentity? identity = null)
    {
        var node = new Node(this, $"node {_nodes.Count + 1}", port, identity);
        _nodes.Add(node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        LocalStore.Dispose();
        _passes.ForEach(pass => pass.Dispose());
        Assert.Equal(0, Client.Table.Live);
        Assert.Equal(0, Client.LocalAlive);
        Assert.Equal(0, Client.Calls.Alive);
        Assert.Equal(0, Client.Buffers.Rented);
        Assert.Equal(0, Client.Table.AttemptsAlive);
    }

    internal sealed class Node : IAsyncDisposable
    {
        public Node(WireLab lab, string name, int port, WireIdentity? identity)
        {
            Listener = ExpertListener.Bind(IPAddress.Loopback, port, lab.Options, lab.Tls);
            Listener.Serve((identity ?? lab.Identity) with { Node = name }, lab.Map, Store.Enqueue);
            Host = new ExpertHost(name, "127.0.0.1", Listener.Port, lab.Identity.InstructionPath);
        }

        public TestStore Store { get; } = new();

        public ExpertListener Listener { get; }

        public ExpertHost Host { get; }

        public async ValueTask DisposeAsync()
        {
            await Listener.DisposeAsync();
            Store.Dispose();
            Assert.Equal(0, Listener.BuffersRented);
            Assert.Equal(0, Listener.Meters.Open);
        }
    }
}
