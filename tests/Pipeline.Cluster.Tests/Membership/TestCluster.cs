using Akka.Configuration;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Tests.Shards;
using Pipeline.Engine.Configuration;

namespace Pipeline.Cluster.Tests.Membership;

/// <summary>Several members of one cluster in this process: real actor systems on real sockets, stores without weights.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    /// <summary>Bytes of each shard of the test's model.</summary>
    public const long ShardBytes = 8 * ExpertBytes;

    private const long ExpertBytes = 1_000_000;

    /// <summary>Faster than the defaults, for nothing is under load here, except what detects failures.</summary>
    private const string TestSettings =
        """
        pipeline.cluster { port = 0, state-interval = 100ms, settle = 300ms, linger = 600ms, gather-deadline = 60s, join-wait = 500ms }
        akka {
          stdout-loglevel = OFF
          loglevel = WARNING
          loggers = []
          cluster.sharding.rebalance-interval = 200ms
          cluster.failure-detector { heartbeat-interval = 200ms, expected-response-after = 200ms, acceptable-heartbeat-pause = 3s }
          cluster.split-brain-resolver.stable-after = 1s
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        """;

    private readonly List<TestNode> _nodes = [];
    private readonly int _shards;
    private readonly string _settings;

    public TestCluster(int shards, string settings = "")
    {
        _shards = shards;
        _settings = settings;
        Map = ShardMap.Create(ShardMapTests.RandomModel(layers: 1, step: 1, experts: 8 * shards), shards, null, ExpertBytes);
    }

    public ShardMap Map { get; }

    public IReadOnlyList<TestNode> Nodes => _nodes;

    /// <summary>Starts a node that joins those which are there, or forms the cluster.</summary>
    /// <param name="cold">Its loads wait until the test opens the gate.</param>
    /// <param name="failure">Its loads fail with this.</param>
    public async Task<TestNode> StartAsync(
        int shardsOfMemory, NodeRoles roles = NodeRoles.Expert, string digest = "d1", string settings = "", string? join = null, bool cold = false, Exception? failure = null)
    {
        var node = await JoinAsync(shardsOfMemory, roles, digest, settings, join ?? string.Join(',', _nodes.Where(node => node.IsAlive).Select(node => node.Cluster.Name)));
        lock (_nodes)
        {
            _nodes.Add(node);
        }

        if (cold)
        {
            node.Host.CloseGate();
        }

        node.Host.Failure = failure;
        await node.ServeAsync();
        return node;
    }

    /// <summary>Waits like <see cref="Eventually"/>; a failure shows what the members know.</summary>
    public async Task Until(Func<bool> condition, string what)
    {
        try
        {
            await Eventually.IsTrue(condition, what);
        }
        catch (TimeoutException failure)
        {
            throw new TimeoutException(failure.Message + "\n" + string.Join('\n', _nodes.Select(node => node.Describe())), failure);
        }
    }

    public async Task WarmEverywhere(int replicas = 1) => await Until(
        () => Enumerable.Range(0, _shards).All(shard => _nodes.Where(node => node.IsAlive).All(node => node.Cluster.Directory.HostsOf(shard).Count == replicas)),
        $"every shard is known to be warm on {replicas} nodes by every node");

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>The settings of a node that forms a cluster.</summary>
    public static ClusterOptions Options(string settings) => OptionsBinder.Bind<ClusterOptions>(Layered(settings), "pipeline.cluster");

    public static LayeredConfig Layered(params IEnumerable<string> settings)
    {
        using var reader = new StreamReader(typeof(ExpertsOptions).Assembly.GetManifestResourceStream("cluster.conf")!);
        string[] layers = [reader.ReadToEnd(), TestSettings.Replace(", ", "\n", StringComparison.Ordinal), .. settings];
        return new LayeredConfig(layers.Where(layer => layer.Length > 0).Select(layer => new ConfigLayer("test", ConfigurationFactory.ParseString(layer))));
    }

    private async Task<TestNode> JoinAsync(int shardsOfMemory, NodeRoles roles, string digest, string settings, string join)
    {
        var config = Layered(_settings, settings, $"pipeline.cluster.join = \"{join}\"");
        var cluster = OptionsBinder.Bind<ClusterOptions>(config, "pipeline.cluster");
        var experts = OptionsBinder.Bind<ExpertsOptions>(config, "pipeline.experts");
        var identity = new NodeIdentity(roles, digest, "test", shardsOfMemory * ShardBytes);
        return new TestNode(await ClusterNode.StartAsync(new ClusterSettings(cluster, experts), config.Merged, identity, () => Map, CancellationToken.None), roles);
    }
}
