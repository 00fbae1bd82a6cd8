using Pipeline.Cluster.Wire;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>What an engine's requests came to, up to some moment.</summary>
/// <param name="Queued">As the other times: summed over requests, seconds.</param>
/// <param name="Waited">Of steps, seconds.</param>
internal readonly record struct WireSplit(
    long Requests, long Rows, long BytesSent, long BytesReceived, double Queued, double Network, double NodeQueued, double Computed, double Waited)
{
    public static WireSplit Of(ClientMeters meters) => new(
        meters.Requests,
        meters.Rows,
        meters.BytesSent,
        meters.BytesReceived,
        meters.Queued.TotalSeconds,
        meters.Network.TotalSeconds,
        meters.NodeQueued.TotalSeconds,
        meters.Computed.TotalSeconds,
        meters.Waited.TotalSeconds);

    public WireSplit Since(WireSplit before) => new(
        Requests - before.Requests,
        Rows - before.Rows,
        BytesSent - before.BytesSent,
        BytesReceived - before.BytesReceived,
        Queued - before.Queued,
        Network - before.Network,
        NodeQueued - before.NodeQueued,
        Computed - before.Computed,
        Waited - before.Waited);
}
