using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>A linear layer: <c>y = x W^T + b</c>.</summary>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="Bias">[outputs], or null.</param>
internal sealed record Linear(DeviceWeight Weight, DeviceWeight? Bias)
{
    public static Linear Load(IDevice device, LinearTensor tensor) =>
        new(device.Load(tensor.Weight), tensor.Bias is { } bias ? device.Load(bias) : null);
}

/// <summary>Grouped-query attention (Ainslie et al., arXiv 2305.13245).</summary>
/// <param name="Query">[heads * head size, hidden].</param>
/// <param name="Key">[KV heads * head size, hidden].</param>
/// <param name="Value">[KV heads * head size, hidden].</param>
/// <param name="Output">[hidden, heads * head size].</param>
/// <param name="Spec">How this layer rotates, norms, scales and masks.</param>
/// <param name="PoolLayer">Index among the layers that share this layer's KV pool.</param>
internal sealed record TextAttention(
    Linear Query, Linear Key, Linear Value, Linear Output, AttentionSpec Spec, int PoolLayer)
{
    public static TextAttention Load(IDevice device, AttentionTensors tensors, AttentionSpec spec, int poolLayer) => new(
        Linear.Load(device, tensors.Query),
        Linear.Load(device, tensors.Key),
        Linear.Load(device, tensors.Value),
        Linear.Load(device, tensors.Output),
        spec,
        poolLayer);
}

/// <summary>Gated feed-forward: <c>down(silu(gate x) * (up x))</c> (Shazeer, arXiv 2002.05202).</summary>
/// <param name="Gate">[inner, hidden].</param>
/// <param name="Up">[inner, hidden].</param>
/// <param name="Down">[hidden, inner].</param>
internal sealed record GatedMlp(DeviceWeight Gate, DeviceWeight Up, DeviceWeight Down)
{
    public static GatedMlp Load(IDevice device, DenseTensors tensors) =>
        new(device.Load(tensors.Gate), device.Load(tensors.Up), device.Load(tensors.Down));
}

/// <summary>Routed experts beside a shared one that sees every row.</summary>
/// <param name="Router">[experts, hidden].</param>
/// <param name="Experts">Each [inner, hidden] twice and [hidden, inner], one part an expert; null where they are computed elsewhere.</param>
/// <param name="Shared">The shared expert, of the same inner width.</param>
internal sealed record MixtureOfExperts(DeviceWeight Router, ExpertWeights? Experts, GatedMlp Shared)
{
    public static MixtureOfExperts Load(IDevice device, MoeTensors tensors) => new(
        device.Load(tensors.Router),
        tensors.Routed is { } routed ? RoutedWeights.Load(device, routed) : null,
        GatedMlp.Load(device, tensors.Shared));
}

/// <summary>A pre-norm decoder layer: attention, then either a dense feed-forward or experts.</summary>
/// <param name="InputNorm">[hidden].</param>
/// <param name="PostAttentionNorm">[hidden].</param>
internal sealed record TextLayer(
    DeviceWeight InputNorm,
    TextAttention Attention,
    DeviceWeight PostAttentionNorm,
    GatedMlp? Dense,
    MixtureOfExperts? Moe)
{
    public static TextLayer Load(IDevice device, LayerTensors tensors, AttentionSpec spec, int poolLayer) => new(
        device.Load(tensors.InputNorm),
        TextAttention.Load(device, tensors.Attention, spec, poolLayer),
        device.Load(tensors.PostAttentionNorm),
        tensors.Dense is { } dense ? GatedMlp.Load(device, dense) : null,
        tensors.Moe is { } moe ? MixtureOfExperts.Load(device, moe) : null);
}

/// <summary>The language model's weights on a device. Read-only: every pass shares them.</summary>
public sealed class TextModel
{
    internal TextModel(IDevice device, TextConfig config, Llama4Tensors tensors, bool routedExperts)
    {
        Device = device;
        HasRoutedExperts = routedExperts;
        Config = config;
        Embedding = device.Load(tensors.Embedding);
        Layers = LoadLayers(device, config, tensors.Layers);
        FinalNorm = device.Load(tensors.FinalNorm);

        // Tied checkpoints name the embedding twice; one handle serves both.
        Head = ReferenceEquals(tensors.Head, tensors.Embedding) ? Embedding : device.Load(tensors.Head);
    }

    public TextConfig Config { get; }

    public IDevice Device { get; }

    /// <summary>Whether the routed experts' weights are here; the router and the shared expert always are.</summary>
    public bool HasRoutedExperts { get; }

    /// <summary>[vocabulary, hidden].</summary>
    internal DeviceWeight Embedding { get; }

    internal IReadOnlyList<TextLayer> Layers { get; }

    /// <summary>[hidden].</summary>
    internal DeviceWeight FinalNorm { get; }

    /// <summary>[vocabulary, hidden].</summary>
    internal DeviceWeight Head { get; }

    private static TextLayer[] LoadLayers(IDevice device, TextConfig config, IReadOnlyList<LayerTensors> tensors)
    {
        var poolLayers = new int[2];
        var layers = new TextLayer[tensors.Count];
        for (var i = 0; i < layers.Length; i++)
        {
            var spec = AttentionSpecs.Of(config, i);
            layers[i] = TextLayer.Load(device, tensors[i], spec, poolLayers[(int)spec.Kind]++);
        }

        return layers;
    }
}
