using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Planning;

/// <summary>How a model's experts are divided, from the settings.</summary>
public static class ShardMaps
{
    /// <summary>Small enough that a node's memory is used to the last few percent, and that a lost node's share spreads.</summary>
    private const long TargetBytes = 1000_000_000;

    /// <summary>Several a node, on the few nodes of a small model.</summary>
    private const int Least = 8;

    /// <summary>A shard is an entity that cluster sharding keeps track of.</summary>
    private const int Most = 256;

    /// <param name="config">The model.</param>
    /// <param name="summary">Its sizes.</param>
    /// <param name="experts">How many shards (0: by size), and the statistics that tell hot experts.</param>
    /// <exception cref="PipelineException">The model cannot be divided so, or the statistics are not of it.</exception>
    public static ShardMap Create(TextConfig config, ModelSummary summary, ExpertsOptions experts)
    {
        var pairs = config.LayerConfigs.Count(layer => layer.MixtureOfExperts) * config.Experts;
        if (pairs == 0)
        {
            throw new PipelineException("experts.none", "the model has no routed experts", "a model without experts runs in one process");
        }

        var bytes = summary.Kinds.Where(kind => kind.Kind == TensorKind.RoutedExperts).Sum(kind => kind.Bytes);
        var bySize = (int)Math.Min(Math.Clamp((bytes + TargetBytes - 1) / TargetBytes, Least, Most), pairs);
        var load = experts.Load.Length > 0 ? RoutingStatistics.Read(experts.Load, config.Layers, config.Experts) : null;
        return ShardMap.Create(config, experts.Shards > 0 ? experts.Shards : bySize, load, bytes / pairs);
    }
}
