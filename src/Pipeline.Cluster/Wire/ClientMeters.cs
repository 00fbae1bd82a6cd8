using System.Diagnostics.Metrics;

namespace Pipeline.Cluster.Wire;

/// <summary>What an engine's requests came to, since its start. The table writes it, under its lock; anybody may read.</summary>
public sealed class ClientMeters : IDisposable
{
    private readonly Meter _meter = new(ListenerMeters.MeterName);
    private readonly Histogram<double> _queued;
    private readonly Histogram<double> _network;
    private readonly Histogram<double> _nodeQueued;
    private readonly Histogram<double> _computed;
    private long _waitedNanoseconds;
    private long _longestNanoseconds;

    internal ClientMeters()
    {
        _meter.CreateObservableCounter("experts.asked.requests", () => Requests, description: "Requests answered");
        _meter.CreateObservableCounter("experts.asked.rows", () => Rows, description: "Rows answered");
        _meter.CreateObservableCounter("experts.asked.rows.local", () => LocalRows, description: "Rows answered by this node's own store");
        _meter.CreateObservableCounter("experts.asked.bytes.sent", () => BytesSent, "By", "Bytes of requests");
        _meter.CreateObservableCounter("experts.asked.bytes.received", () => BytesReceived, "By", "Bytes of replies");
        _meter.CreateObservableCounter("experts.asked.resends", () => Resends, description: "Requests sent again: the connection was lost, or nobody else could be asked");
        _meter.CreateObservableCounter("experts.asked.hedges", () => Hedges, description: "Requests sent to another host because the first was silent");
        _meter.CreateObservableCounter("experts.asked.not-held", () => NotHeld, description: "Replies of hosts that did not hold the shard");
        _meter.CreateObservableCounter("experts.asked.late", () => LateReplies, description: "Replies that nobody waited for any more");
        _meter.CreateObservableCounter("experts.asked.connections.lost", () => ConnectionsLost, description: "Connections that ended");
        _meter.CreateObservableCounter("experts.asked.connections.broken", () => ConnectionsBroken, description: "Connections closed because the other side broke the protocol");
        _meter.CreateObservableCounter("experts.asked.waited", () => Waited.TotalSeconds, "s", "Time of steps between asking for a layer's experts and having them");
        _meter.CreateObservableGauge("experts.asked.waited.longest", () => LongestWait.TotalSeconds, "s", "The longest of these times");
        _queued = _meter.CreateHistogram<double>("experts.asked.queued", "s", "Of a request: waiting to be sent");
        _network = _meter.CreateHistogram<double>("experts.asked.network", "s", "Of a request: under way, there and back");
        _nodeQueued = _meter.CreateHistogram<double>("experts.asked.node.queued", "s", "Of a request: waiting at the node");
        _computed = _meter.CreateHistogram<double>("experts.asked.node.computed", "s", "Of a request: the batch that it was part of");
    }

    public long Requests { get; private set; }

    public long Rows { get; private set; }

    /// <summary>Of <see cref="Rows"/>, those that this node's own store computed.</summary>
    public long LocalRows { get; private set; }

    public long BytesSent { get; internal set; }

    public long BytesReceived { get; private set; }

    /// <summary>Requests sent again, after a lost connection or where nobody else could be asked.</summary>
    public long Resends { get; internal set; }

    /// <summary>Requests sent to another host because the first was silent.</summary>
    public long Hedges { get; internal set; }

    public long NotHeld { get; internal set; }

    /// <summary>Replies that nobody waited for any more.</summary>
    public long LateReplies { get; internal set; }

    public long ConnectionsLost { get; internal set; }

    /// <summary>Connections closed because the other side broke the protocol.</summary>
    public long ConnectionsBroken { get; internal set; }

    /// <summary>Sum over requests: waiting to be sent.</summary>
    public TimeSpan Queued { get; private set; }

    /// <summary>Sum over requests: under way, there and back.</summary>
    public TimeSpan Network { get; private set; }

    /// <summary>Sum over requests: waiting at the node for its device.</summary>
    public TimeSpan NodeQueued { get; private set; }

    /// <summary>Sum over requests: the batches that they were part of.</summary>
    public TimeSpan Computed { get; private set; }

    /// <summary>Sum over layers: from asking for the experts to having them, the shared expert's work within.</summary>
    public TimeSpan Waited => TimeSpan.FromTicks(Volatile.Read(ref _waitedNanoseconds) / TimeSpan.NanosecondsPerTick);

    /// <summary>The longest of these: what a step was held up when nodes came, went or were slow.</summary>
    public TimeSpan LongestWait => TimeSpan.FromTicks(Volatile.Read(ref _longestNanoseconds) / TimeSpan.NanosecondsPerTick);

    public void Dispose() => _meter.Dispose();

    /// <summary>Called by the device's thread alone.</summary>
    internal void AddWait(TimeSpan wait)
    {
        var nanoseconds = (long)wait.TotalNanoseconds;
        Interlocked.Add(ref _waitedNanoseconds, nanoseconds);
        Volatile.Write(ref _longestNanoseconds, Math.Max(_longestNanoseconds, nanoseconds));
    }

    internal void AddAnswer(int rows, bool local, long frameBytes, TimeSpan queued, TimeSpan underWay, in FrameHeader reply)
    {
        var nodeQueued = TimeSpan.FromTicks(reply.Queued / TimeSpan.NanosecondsPerTick);
        var computed = TimeSpan.FromTicks(reply.Computed / TimeSpan.NanosecondsPerTick);
        var network = underWay - nodeQueued - computed;
        network = network < TimeSpan.Zero ? TimeSpan.Zero : network;
        Requests++;
        Rows += rows;
        LocalRows += local ? rows : 0;
        BytesReceived += local ? 0 : frameBytes;
        Queued += queued;
        Network += network;
        NodeQueued += nodeQueued;
        Computed += computed;
        _queued.Record(queued.TotalSeconds);
        _network.Record(network.TotalSeconds);
        _nodeQueued.Record(nodeQueued.TotalSeconds);
        _computed.Record(computed.TotalSeconds);
    }
}
