using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Shards;
using Pipeline.Engine;

namespace Pipeline.Cluster.Planning;

/// <summary>What a node's process takes besides the expert weights that it holds.</summary>
/// <param name="ProcessBytes">Runtime, program, actors, cluster.</param>
/// <param name="WeightBytes">An engine's weights: all but the routed experts.</param>
/// <param name="KeyValueBytes">An engine's keys and values.</param>
/// <param name="ScratchBytes">Buffers of an engine's passes and of an expert host's batches.</param>
/// <param name="TransitBytes">What may be on its way at once, on top of all that: see <see cref="Planning.TransitBytes"/>.</param>
public sealed record NodeMemory(long ProcessBytes, long WeightBytes, long KeyValueBytes, long ScratchBytes, long TransitBytes)
{
    /// <summary>What the process has from the start, whatever it does; shards come on top.</summary>
    public long HeldBytes => ProcessBytes + DeviceBytes;

    /// <summary>The part of it that lies on the device.</summary>
    public long DeviceBytes => WeightBytes + KeyValueBytes + ScratchBytes;

    /// <summary>What shards cannot have.</summary>
    public long FixedBytes => HeldBytes + TransitBytes;

    /// <param name="engines">Engines that send rows to a node with the role expert.</param>
    public static NodeMemory Of(
        NodeRoles roles, Llama4Config config, ModelSummary summary, EngineSettings engine, ExpertsOptions experts, int engines = 1)
    {
        var memory = new NodeMemory(Measured.ExpertProcessBytes, 0, 0, 0, 0);
        if (roles.HasFlag(NodeRoles.Engine))
        {
            var model = engine.PlanMemory(config, summary, routedExperts: false);
            memory = memory with
            {
                ProcessBytes = Measured.EngineProcessBytes,
                WeightBytes = model.WeightBytes,
                KeyValueBytes = engine.Decoder.KvBytes,
                ScratchBytes = model.TextPassBytes + model.VisionPassBytes,
                TransitBytes = Planning.TransitBytes.OfMedia(config, engine) + Planning.TransitBytes.OfRows(config.Text, engine, experts),
            };
        }

        return roles.HasFlag(NodeRoles.Expert)
            ? memory with
            {
                ScratchBytes = memory.ScratchBytes + ExpertStore.ScratchBytes(config.Text, experts),
                TransitBytes = memory.TransitBytes + (engines * Planning.TransitBytes.OfRows(config.Text, engine, experts)),
            }
            : memory;
    }
}
