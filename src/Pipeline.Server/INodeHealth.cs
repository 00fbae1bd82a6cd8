using Pipeline.Engine;

namespace Pipeline.Server;

/// <summary>What a node tells about itself; every member is asked often, from any thread, and answers at once.</summary>
public interface INodeHealth
{
    /// <summary>Why this process has to be started again (its device is lost); null while it is alive.</summary>
    string? Dead { get; }

    /// <summary>What the node waits for before it can do its work; empty when it is ready.</summary>
    IReadOnlyList<MissingPart> Missing { get; }

    /// <summary>How much it does; null where the node has not this role, or has not got so far.</summary>
    EngineCounts? Engine { get; }

    ExpertCounts? Experts { get; }

    ClusterCounts? Cluster { get; }
}

/// <summary>Something that a node waits for.</summary>
/// <param name="What">Stable name of its kind: <c>model</c>, <c>cluster</c>, <c>shard</c>.</param>
/// <param name="Message">One line that says what of it is missing, and why.</param>
/// <param name="Shard">Number of the shard that nobody holds.</param>
/// <param name="Bytes">Memory that would be needed for it.</param>
public sealed record MissingPart(string What, string Message, int? Shard = null, long? Bytes = null);

/// <summary>An engine: what it did since its start, and what it does now.</summary>
/// <param name="Steps">Decode steps.</param>
/// <param name="Tokens">Tokens generated.</param>
/// <param name="Sessions">Sessions open.</param>
/// <param name="SessionsWaiting">Sessions that wait for admission.</param>
/// <param name="KvPages">KV pages in use.</param>
/// <param name="TokensWaiting">Visual tokens between tiler and prefill.</param>
/// <param name="Resends">Expert requests that were sent again.</param>
public sealed record EngineCounts(
    long Steps, long Tokens, int Sessions, int SessionsWaiting, int KvPages, long TokensWaiting, long Resends)
{
    /// <param name="engine">The engine as it is now.</param>
    /// <param name="resends">Of its client of experts elsewhere; 0 where it has none.</param>
    public static EngineCounts Of(CaptionEngine engine, long resends) => new(
        engine.Decoder.Steps,
        engine.Decoder.Tokens,
        engine.Decoder.Sessions,
        engine.Decoder.Waiting,
        engine.Decoder.Pages,
        engine.TokensWaiting.InUse,
        resends);
}

/// <summary>An expert host: what it did since its start, and what it holds now.</summary>
/// <param name="Rows">Rows computed: their rate is the node's rows a second.</param>
/// <param name="Batches">Grouped products that computed them.</param>
/// <param name="ShardsHeld">Shards whose weights are here.</param>
/// <param name="HeldBytes">Memory of these weights.</param>
/// <param name="ConnectionsClosed">Connections closed because of what came over them.</param>
public sealed record ExpertCounts(long Rows, long Batches, int ShardsHeld, long HeldBytes, long ConnectionsClosed);

/// <summary>The cluster as this node sees it now.</summary>
/// <param name="Nodes">Nodes that are there.</param>
/// <param name="ShardsUnplaced">Shards that nobody holds.</param>
public sealed record ClusterCounts(int Nodes, int ShardsUnplaced);
