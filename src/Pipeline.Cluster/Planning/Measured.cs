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

    /// <summary>
    /// An expert node beside its weights and scratch: 77 MB of its own (heap, which is collected every 16 MB; compiled code; stacks), in 24
    /// readings of nodes with 5 and with 135 MB of weights: 70 to 77 before they were asked for rows, 76 to 83 after it.
    /// </summary>
    public const long ExpertProcessBytes = 77_000_000 + ProgramBytes;

    /// <summary>An engine beside its weights, keys, values and scratch: the same, with what decodes media and what serves captions.</summary>
    public const long EngineProcessBytes = 95_000_000 + ProgramBytes;

    /// <summary>
    /// Pages of the files of runtime and program, 55 to 64 MB: those that processes of one machine have in common, and that the kernel may drop. They count
    /// by the share of one process of four (PSS); one that is alone on its machine shows up to 45 MB more.
    /// </summary>
    private const long ProgramBytes = 56_000_000 / 4;
}
