using Pipeline.Cluster.Shards;
using Pipeline.Model;

namespace Pipeline.Cluster.Wire;

/// <summary>Experts that are divided into shards, in this process or others.</summary>
/// <param name="client">Reaches whoever holds a shard; must outlive the passes.</param>
/// <param name="map">How the experts are divided.</param>
public sealed class ShardedExpertsFactory(ExpertClient client, ShardMap map) : IExpertsFactory
{
    private readonly ShardTable _table = new(map);

    public bool OnDevice => false;

    public IExperts Create(TextModel model, bool urgent, Action wake) => new ShardedExperts(client, _table, model.Device, urgent, wake);
}
