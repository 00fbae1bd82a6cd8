using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;
using Pipeline.Engine;

namespace Pipeline.Cluster.Planning;

/// <summary>What a node's process takes besides the expert weights that it holds.</summary>
/// <param name="ProcessBytes">Runtime, actors, cluster.</param>
/// <param name="WeightBytes">An engine's weights: all but the routed experts.</param>
/// <param name="KeyValueBytes">An engine's keys and values.</param>
/// <param name="ScratchBytes">Buffers of an engine's passes and of an expert host's batches.</param>
public sealed record NodeMemory(long ProcessBytes, long WeightBytes, long KeyValueBytes, long ScratchBytes)
{
    public long FixedBytes => ProcessBytes + WeightBytes + KeyValueBytes + ScratchBytes;

    public static NodeMemory Of(NodeRoles roles, Llama4Config config, ModelSummary summary, EngineSettings engine, ExpertsOptions experts)
    {
        var memory = new NodeMemory(Measured.ProcessBytes, 0, 0, 0);
        if (roles.HasFlag(NodeRoles.Engine))
        {
            var model = engine.PlanMemory(config, summary, routedExperts: false);
            memory = memory with
            {
                WeightBytes = model.WeightBytes,
                KeyValueBytes = engine.Decoder.KvBytes,
                ScratchBytes = model.TextPassBytes + model.VisionPassBytes,
            };
        }

        return roles.HasFlag(NodeRoles.Expert)
            ? memory with { ScratchBytes = memory.ScratchBytes + ExpertStore.ScratchBytes(config.Text, experts) }
            : memory;
    }
}
