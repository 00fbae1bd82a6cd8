namespace Pipeline.Cluster.Wire;

/// <summary>Who holds which expert shard at the moment, as far as this process knows.</summary>
public interface IExpertDirectory
{
    /// <summary>Something that <see cref="HostsOf"/> or <see cref="Unplaced"/> says has changed. From any thread; handlers return at once.</summary>
    event Action? Changed;

    /// <summary>How many shards there are.</summary>
    int Shards { get; }

    /// <summary>Nodes that have the shard warm, in order of preference; empty where nobody has. From any thread; allocates nothing.</summary>
    IReadOnlyList<ExpertHost> HostsOf(int shard);

    /// <summary>Why nobody holds the shard, for messages, with the bytes that are missing; null where somebody does.</summary>
    string? Unplaced(int shard);
}

/// <summary>Where a node's expert rows are computed.</summary>
/// <param name="Node">The node's name, for messages.</param>
/// <param name="Host">Name or address of the data plane's listener.</param>
/// <param name="Port">Port of the data plane's listener.</param>
/// <param name="InstructionPath">What its results depend on: nodes of equal paths compute the same bits.</param>
public sealed record ExpertHost(string Node, string Host, int Port, string InstructionPath)
{
    /// <summary>This process itself: rows go to its own store and never to a socket.</summary>
    public static ExpertHost Local { get; } = new("this node", "", 0, "");
}
