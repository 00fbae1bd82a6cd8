namespace Pipeline.Cluster.Planning;

/// <summary>
/// What an estimate rests on, each with how it was measured: two cores of an Intel Xeon (Sapphire Rapids, 2.3 GHz), portable device, .NET 10,
/// 2026-11-22. Other machines differ: read an estimate as what bounds the rate, and how it goes with nodes and sequences.
/// </summary>
internal static class Measured
{
    /// <summary>Weights that a decode step reads a second: one sequence on a random BF16 checkpoint of 1 GB, all of it in the page cache.</summary>
    public const double WeightBytesPerSecond = 9e9;

    /// <summary>One request there and back between two processes on loopback, 16 KB, plain sockets, both sides asleep before it.</summary>
    public const double RoundTripSeconds = 100e-6;

    /// <summary>Processor time of the engine for one request and its reply: frame, send, receive, match.</summary>
    public const double MessageSeconds = 20e-6;

    /// <summary>A node's process before any weight: runtime, actor system, cluster (resident, not shared).</summary>
    public const long ProcessBytes = 110_000_000;
}
