using System.ComponentModel.DataAnnotations;
using Pipeline.Checkpoints;
using Pipeline.Media;
using Pipeline.Model;

namespace Pipeline.Engine;

/// <summary>What an engine is built from.</summary>
public sealed record EngineSettings(EngineOptions Engine, VisionOptions Vision, DecoderOptions Decoder, MediaOptions Media)
{
    /// <summary>What an engine of these settings needs on its device; keys and values come on top.</summary>
    /// <param name="config">The model.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="routedExperts">Whether the routed experts are computed by the engine itself.</param>
    public ModelMemory PlanMemory(Llama4Config config, ModelSummary weights, bool routedExperts = true)
    {
        var prefillOutputs = Math.Min(Engine.PrefillRows, Decoder.Sessions);
        var passes = Enumerable.Repeat((Decoder.DecodeRows, Decoder.DecodeRows), Decoder.MicroBatches).Append((Engine.PrefillRows, prefillOutputs));
        return ModelMemory.Plan(config, weights, passes, Vision.BatchTiles, Decoder.PageTokens, routedExperts);
    }
}

/// <summary>The block <c>pipeline.engine</c>.</summary>
public sealed record EngineOptions(
    TimeSpan Slice,
    [property: Range(1, 65536)] int PrefillRows,
    [property: Range(0, 1024)] int MediaProcesses);

/// <summary>The block <c>pipeline.vision</c>.</summary>
public sealed record VisionOptions(
    [property: Range(1, 4096)] int BatchTiles,
    [property: Range(1, int.MaxValue)] int TokensWaiting);

/// <summary>The block <c>pipeline.decoder</c>.</summary>
public sealed record DecoderOptions(
    [property: Range(1, 4096)] int Sessions,
    [property: Range(1, long.MaxValue)] long KvBytes,
    [property: Range(1, 4096)] int PageTokens,
    [property: Range(1, 2)] int MicroBatches)
{
    /// <summary>Most sessions of a micro-batch.</summary>
    public int DecodeRows => (Sessions + MicroBatches - 1) / MicroBatches;
}
