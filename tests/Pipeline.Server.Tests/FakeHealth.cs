namespace Pipeline.Server.Tests;

/// <summary>A node's health as a test says it.</summary>
internal sealed class FakeHealth : INodeHealth
{
    public string? Dead { get; set; }

    public IReadOnlyList<MissingPart> Missing { get; set; } = [];

    public EngineCounts? Engine { get; set; }

    public ExpertCounts? Experts { get; set; }

    public ClusterCounts? Cluster { get; set; }
}
