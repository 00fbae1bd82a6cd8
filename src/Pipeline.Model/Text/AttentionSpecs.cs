using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Attention of each layer as Llama 4 has it (iRoPE): rotated layers see a chunk, those between see everything.</summary>
internal static class AttentionSpecs
{
    public static AttentionSpec Of(TextConfig config, int layer)
    {
        var rotate = config.LayerConfigs[layer].Rotate;
        return new AttentionSpec(
            Heads: config.Heads,
            KvHeads: config.KvHeads,
            HeadSize: config.HeadSize,
            Kind: KindOf(config, layer),
            Chunk: KindOf(config, layer) == AttentionKind.Chunked ? config.AttentionChunkSize!.Value : 0,
            Rotate: rotate,
            Norm: rotate && config.UseQkNorm ? QueryKeyNorm.AfterRotation : QueryKeyNorm.None,
            NormEpsilon: (float)config.RmsNormEpsilon,
            ScaleQuery: !rotate && config.TuneTemperature,
            SoftmaxScale: (float)(1 / Math.Sqrt(config.HeadSize)));
    }

    /// <summary>Layers whose keys and values lie in the pool of this kind.</summary>
    public static int Count(TextConfig config, AttentionKind kind)
    {
        var count = 0;
        for (var i = 0; i < config.Layers; i++)
        {
            count += KindOf(config, i) == kind ? 1 : 0;
        }

        return count;
    }

    // A chunked layer without a chunk size sees everything, as the reference has it.
    private static AttentionKind KindOf(TextConfig config, int layer) =>
        config.LayerConfigs[layer].Chunked && config.AttentionChunkSize is not null ? AttentionKind.Chunked : AttentionKind.Full;
}
