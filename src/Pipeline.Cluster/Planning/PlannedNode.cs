using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Planning;

/// <summary>A machine of a plan.</summary>
/// <param name="Name">How the plan calls it: its roles and a number.</param>
/// <param name="MemoryBytes">What its process may take in all.</param>
public sealed record PlannedNode(string Name, NodeRoles Roles, long MemoryBytes);

/// <summary>What connects the machines of a plan.</summary>
/// <param name="BitsPerSecond">Of a machine's link, in each direction.</param>
/// <param name="RoundTrip">A small request and its reply.</param>
public sealed record PlannedNetwork(double BitsPerSecond, TimeSpan RoundTrip)
{
    /// <summary>The round trip within one machine: the least that there is.</summary>
    public static TimeSpan Loopback => TimeSpan.FromSeconds(Measured.RoundTripSeconds);

    public double BytesPerSecond => BitsPerSecond / 8;
}
