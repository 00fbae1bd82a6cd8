using System.Diagnostics.Metrics;

namespace Pipeline.Cluster.Wire;

/// <summary>What a listener counts, since its start.</summary>
public sealed class ListenerMeters : IDisposable
{
    /// <summary>Name of the meter of both sides of the data plane.</summary>
    public const string MeterName = "Pipeline.Experts";

    private readonly Meter _meter = new(MeterName);
    private long _requests;
    private long _rows;
    private long _bytesReceived;
    private long _bytesSent;
    private long _refused;
    private long _broken;
    private int _open;

    internal ListenerMeters()
    {
        _meter.CreateObservableCounter("experts.served.requests", () => Requests, description: "Requests taken in from engines");
        _meter.CreateObservableCounter("experts.served.rows", () => Rows, description: "Rows taken in from engines");
        _meter.CreateObservableCounter("experts.served.bytes.received", () => BytesReceived, "By", "Bytes of requests");
        _meter.CreateObservableCounter("experts.served.bytes.sent", () => BytesSent, "By", "Bytes of replies");
        _meter.CreateObservableCounter("experts.served.connections.refused", () => Refused, description: "Connections that were too many, foreign or without a valid certificate");
        _meter.CreateObservableCounter("experts.served.connections.broken", () => Broken, description: "Connections closed because they broke the protocol");
        _meter.CreateObservableGauge("experts.served.connections.open", () => Open, description: "Connections of engines");
    }

    public long Requests => Volatile.Read(ref _requests);

    public long Rows => Volatile.Read(ref _rows);

    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Connections closed before they were served: too many, foreign, or without a valid certificate.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Connections closed because they broke the protocol.</summary>
    public long Broken => Volatile.Read(ref _broken);

    /// <summary>Connections of engines now.</summary>
    public int Open => Volatile.Read(ref _open);

    public void Dispose() => _meter.Dispose();

    internal void AddRequest(int rows, long bytes)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _rows, rows);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    internal void AddSent(long bytes) => Interlocked.Add(ref _bytesSent, bytes);

    internal void AddRefused() => Interlocked.Increment(ref _refused);

    internal void AddBroken() => Interlocked.Increment(ref _broken);

    internal void AddOpen(int change) => Interlocked.Add(ref _open, change);
}
