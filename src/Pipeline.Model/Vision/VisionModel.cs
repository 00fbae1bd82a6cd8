using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>LayerNorm with bias.</summary>
/// <param name="Weight">[hidden].</param>
/// <param name="Bias">[hidden].</param>
internal sealed record LayerNorm(DeviceWeight Weight, DeviceWeight Bias)
{
    public static LayerNorm Load(IDevice device, NormTensors tensors) => new(device.Load(tensors.Weight), device.Load(tensors.Bias));
}

/// <summary>Attention of every patch on every patch of its tile.</summary>
/// <param name="Query">[hidden, hidden], and so the others; all with bias.</param>
internal sealed record VisionAttention(Linear Query, Linear Key, Linear Value, Linear Output)
{
    public static VisionAttention Load(IDevice device, AttentionTensors tensors) => new(
        Linear.Load(device, tensors.Query),
        Linear.Load(device, tensors.Key),
        Linear.Load(device, tensors.Value),
        Linear.Load(device, tensors.Output));
}

/// <summary>A pre-norm encoder layer (ViT, Dosovitskiy et al., arXiv 2010.11929).</summary>
/// <param name="Fc1">[intermediate, hidden], then exact GELU.</param>
/// <param name="Fc2">[hidden, intermediate].</param>
internal sealed record VisionLayer(
    LayerNorm InputNorm, VisionAttention Attention, LayerNorm PostAttentionNorm, Linear Fc1, Linear Fc2)
{
    public static VisionLayer Load(IDevice device, VisionLayerTensors tensors) => new(
        LayerNorm.Load(device, tensors.InputNorm),
        VisionAttention.Load(device, tensors.Attention),
        LayerNorm.Load(device, tensors.PostAttentionNorm),
        Linear.Load(device, tensors.Fc1),
        Linear.Load(device, tensors.Fc2));
}

/// <summary>The vision encoder's, adapter's and projector's weights on a device. Read-only: every pass shares them.</summary>
public sealed class VisionModel
{
    internal VisionModel(IDevice device, VisionConfig config, int hiddenSize, VisionTensors tensors, WeightSpec projector)
    {
        Device = device;
        Config = config;
        HiddenSize = hiddenSize;
        PatchEmbedding = device.Load(tensors.PatchEmbedding);
        ClassEmbedding = device.Load(tensors.ClassEmbedding);
        PositionalEmbedding = device.Load(tensors.PositionalEmbedding);
        NormPre = LayerNorm.Load(device, tensors.NormPre);
        Layers = [.. tensors.Layers.Select(layer => VisionLayer.Load(device, layer))];
        NormPost = LayerNorm.Load(device, tensors.NormPost);
        AdapterFc1 = device.Load(tensors.AdapterFc1);
        AdapterFc2 = device.Load(tensors.AdapterFc2);
        Projector = device.Load(projector);
    }

    public VisionConfig Config { get; }

    /// <summary>Columns of a visual token: the language model's hidden size.</summary>
    public int HiddenSize { get; }

    internal IDevice Device { get; }

    /// <summary>[vision hidden, channels * patch * patch].</summary>
    internal DeviceWeight PatchEmbedding { get; }

    /// <summary>[vision hidden].</summary>
    internal DeviceWeight ClassEmbedding { get; }

    /// <summary>[patches + 1, vision hidden], the class token's last.</summary>
    internal DeviceWeight PositionalEmbedding { get; }

    internal LayerNorm NormPre { get; }

    internal IReadOnlyList<VisionLayer> Layers { get; }

    internal LayerNorm NormPost { get; }

    /// <summary>[projector input, vision hidden / ratio^2], then exact GELU.</summary>
    internal DeviceWeight AdapterFc1 { get; }

    /// <summary>[projector output, projector input], then exact GELU again.</summary>
    internal DeviceWeight AdapterFc2 { get; }

    /// <summary>[hidden, projector output].</summary>
    internal DeviceWeight Projector { get; }
}
