using Pipeline.Checkpoints;
using Pipeline.Cluster.Wire;
using Pipeline.Engine.Running;
using Pipeline.Model;

namespace Pipeline.Cluster.Shards;

/// <summary>All shards of a model in this process, on the engine's own device: what a cluster does, without one. The same bits as an undivided model.</summary>
public sealed class InProcessExperts : IAsyncDisposable
{
    private readonly ExpertStore _store;
    private readonly ExpertClient _client;

    private InProcessExperts(ExpertStore store, ExpertClient client, ShardMap map)
    {
        _store = store;
        _client = client;
        Factory = new ShardedExpertsFactory(client, map);
    }

    /// <summary>For the engine; disposed of before this.</summary>
    public IExpertsFactory Factory { get; }

    /// <summary>Warms every shard.</summary>
    /// <param name="lane">The engine's device; outlives this, as does the checkpoint.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="map">How it is divided.</param>
    /// <param name="options">Sizes and times.</param>
    /// <exception cref="PipelineException">The weights cannot be read.</exception>
    public static async Task<InProcessExperts> StartAsync(
        DeviceLane lane, Checkpoint checkpoint, ShardMap map, ExpertsOptions options, CancellationToken cancellation)
    {
        var store = new ExpertStore(lane, checkpoint, map, options);
        try
        {
            for (var shard = 0; shard < map.Shards; shard++)
            {
                await store.WarmAsync(shard, cancellation);
            }
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }

        var text = checkpoint.Config.Text;
        var identity = new WireIdentity(
            ExpertHost.Local.Node, checkpoint.Digest, map.Digest, ExpertHost.Local.InstructionPath, text.HiddenSize, text.ExpertsPerToken, options.FrameBytes);
        return new InProcessExperts(store, ExpertClient.Start(identity, options, new AllLocal(map.Shards), store.Enqueue), map);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _store.DisposeAsync();
    }

    /// <summary>Everything is here, and stays.</summary>
    private sealed class AllLocal(int shards) : IExpertDirectory
    {
        private static readonly ExpertHost[] Here = [ExpertHost.Local];

        event Action? IExpertDirectory.Changed
        {
            add
            {
                // Nothing ever changes.
            }

            remove
            {
                // Nobody was added.
            }
        }

        public int Shards => shards;

        public IReadOnlyList<ExpertHost> HostsOf(int shard) => Here;

        public string? Unplaced(int shard) => null;
    }
}
