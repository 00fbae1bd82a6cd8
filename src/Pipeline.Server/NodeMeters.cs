using System.Diagnostics.Metrics;

namespace Pipeline.Server;

/// <summary>The node's counts as instruments, read when somebody asks. What the node does not do is not measured.</summary>
internal sealed class NodeMeters : IDisposable
{
    public const string Name = "Pipeline";

    private readonly Meter _meter = new(Name);

    public NodeMeters(INodeHealth health)
    {
        Counter("pipeline.decoder.steps", "{step}", "Decode steps.", () => health.Engine?.Steps);
        Counter("pipeline.decoder.tokens", "{token}", "Tokens generated.", () => health.Engine?.Tokens);
        Gauge("pipeline.decoder.sessions", "{session}", "Sessions open.", () => health.Engine?.Sessions);
        Gauge("pipeline.decoder.sessions_waiting", "{session}", "Sessions that wait for admission.", () => health.Engine?.SessionsWaiting);
        Gauge("pipeline.decoder.kv_pages", "{page}", "KV pages in use.", () => health.Engine?.KvPages);
        Gauge("pipeline.vision.tokens_waiting", "{token}", "Visual tokens between tiler and prefill.", () => health.Engine?.TokensWaiting);
        Counter("pipeline.experts.resends", "{request}", "Expert requests that were sent again.", () => health.Engine?.Resends);
        Counter("pipeline.experts.rows", "{row}", "Expert rows computed here.", () => health.Experts?.Rows);
        Counter("pipeline.experts.batches", "{batch}", "Grouped products that computed them.", () => health.Experts?.Batches);
        Gauge("pipeline.experts.shards_held", "{shard}", "Shards whose weights are here.", () => health.Experts?.ShardsHeld);
        Gauge("pipeline.experts.held", "By", "Memory of the weights of shards.", () => health.Experts?.HeldBytes);
        Counter(
            "pipeline.experts.connections_closed", "{connection}", "Connections closed because of what came over them.", () => health.Experts?.ConnectionsClosed);
        Gauge("pipeline.cluster.nodes", "{node}", "Nodes of the cluster, as this one sees them.", () => health.Cluster?.Nodes);
        Gauge("pipeline.cluster.shards_unplaced", "{shard}", "Shards that nobody holds.", () => health.Cluster?.ShardsUnplaced);
    }

    public void Dispose() => _meter.Dispose();

    private void Counter(string name, string unit, string description, Func<long?> read) =>
        _meter.CreateObservableCounter(name, () => Measure(read()), unit, description);

    private void Gauge(string name, string unit, string description, Func<long?> read) =>
        _meter.CreateObservableGauge(name, () => Measure(read()), unit, description);

    private static IEnumerable<Measurement<long>> Measure(long? value) => value is { } known ? [new Measurement<long>(known)] : [];
}
