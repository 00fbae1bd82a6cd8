namespace Pipeline.Cluster.Placement;

/// <summary>What holds the weights of shards on this node, as placement drives it. From any thread.</summary>
public interface IShardHost
{
    /// <summary>Shards in memory and ready to compute.</summary>
    IReadOnlyCollection<int> Held { get; }

    /// <summary>Memory of all that is held or being loaded.</summary>
    long HeldBytes { get; }

    /// <summary>Expert rows computed since the start.</summary>
    long RowsComputed { get; }

    /// <summary>Loads a shard; done when it is ready to compute. One that is held already is done at once.</summary>
    /// <exception cref="PipelineException">The weights cannot be read.</exception>
    Task WarmAsync(int shard, CancellationToken cancellation);

    /// <summary>Gives a shard's memory back; requests for it are answered "not held" from then on.</summary>
    Task ReleaseAsync(int shard);
}
