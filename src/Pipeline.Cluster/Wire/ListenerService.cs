using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>What all connections of a listener share once the node serves.</summary>
/// <param name="Identity">Who the node is.</param>
/// <param name="Rules">What requests must be.</param>
/// <param name="Enqueue">Hands a request to the store, which completes it exactly once.</param>
/// <param name="Buffers">Frames' memory.</param>
/// <param name="Requests">Requests' objects.</param>
/// <param name="Meters">What is counted.</param>
internal sealed record ListenerService(
    WireIdentity Identity,
    RequestRules Rules,
    Action<ExpertRequest> Enqueue,
    WireBufferPool Buffers,
    Recycler<IncomingRequest> Requests,
    ListenerMeters Meters);
