using Pipeline.Checkpoints;

namespace Pipeline.Model;

/// <summary>Memory that a model needs on its device, from its config alone.</summary>
/// <param name="WeightBytes">Weights on this device; as they are stored they are mapped, not copied, on the portable device.</param>
/// <param name="RoutedExpertBytes">Weights of all routed experts; part of <paramref name="WeightBytes"/> only where they are computed on this device.</param>
/// <param name="TextPassBytes">Buffers of the text passes.</param>
/// <param name="VisionPassBytes">Buffers of the vision pass; 0 without vision.</param>
/// <param name="KvPageBytes">One KV page in each pool: <see cref="KvPageTokens"/> tokens of a session.</param>
/// <param name="KvPageTokens">Tokens of a page.</param>
public sealed record ModelMemory(
    long WeightBytes, long RoutedExpertBytes, long TextPassBytes, long VisionPassBytes, long KvPageBytes, int KvPageTokens)
{
    /// <summary>Plans a model's memory; nothing is allocated and no weight is read.</summary>
    /// <param name="config">The model.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="passes">Rows and outputs of each text pass.</param>
    /// <param name="visionTiles">Most tiles of a vision batch.</param>
    /// <param name="largestPage">Most tokens of a KV page; the largest that divides the chunk is taken.</param>
    /// <param name="routedExperts">Whether the routed experts are computed on this device.</param>
    public static ModelMemory Plan(
        Llama4Config config, ModelSummary weights, IEnumerable<(int Rows, int Outputs)> passes, int visionTiles, int largestPage, bool routedExperts = true)
    {
        var pageTokens = KvCache.PageTokensFor(config.Text, largestPage);
        var routed = weights.Kinds.Where(kind => kind.Kind == TensorKind.RoutedExperts).Sum(kind => kind.Bytes);
        return new ModelMemory(
            routedExperts ? weights.Bytes : weights.Bytes - routed,
            routed,
            passes.Sum(pass => TextPass.Bytes(config.Text, pass.Rows, pass.Outputs, routedExperts)),
            config.Vision is { } vision ? VisionPass.Bytes(vision, config.Text.HiddenSize, visionTiles) : 0,
            KvCache.PageBytes(config.Text, pageTokens),
            pageTokens);
    }

    /// <summary>KV bytes of a session of this many tokens.</summary>
    public long SessionBytes(int tokens) => KvPageBytes * ((tokens + KvPageTokens - 1) / KvPageTokens);
}
