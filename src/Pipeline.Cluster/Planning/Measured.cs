namespace Pipeline.Cluster.Planning;

/// <summary>
/// What an estimate rests on, each with its measurement, all of machines with <see cref="Threads"/> cores (Intel Sapphire Rapids), portable
/// device, .NET 10, November 2026. Other machines differ: read an estimate as what bounds the rate, and how it goes with nodes and sequences.
/// </summary>
internal static class Measured
{
    public const int Threads = 2;

    /// <summary>Weights that lie [outputs, inputs], read at one row: 14.1 GB/s a thread (docs/decisions/005).</summary>
    public const double WeightBytesPerSecond = Threads * 14.1e9;

    /// <summary>Weights that lie [inputs, outputs], as routed experts do: 10.2 GB/s a thread (the same).</summary>
    public const double ExpertBytesPerSecond = Threads * 10.2e9;

    /// <summary>16 KB there and back over plain sockets on loopback: 63 us, and about 20 us to wake a thread on each side, as both sleep meanwhile.</summary>
    public const double RoundTripSeconds = 100e-6;

    /// <summary>The same with both threads awake, 26 us: what processors spend on a request and its reply.</summary>
    public const double MessageSeconds = 26e-6;

    /// <summary>Resident set of an expert node on an otherwise empty cluster, 146 MB, less the 14 MB of weights that it held.</summary>
    public const long ProcessBytes = 132_000_000;
}
