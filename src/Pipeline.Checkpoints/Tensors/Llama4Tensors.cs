using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>All weights of a Llama 4 checkpoint, where they lie. Shapes are [outputs, inputs] as <see cref="WeightSpec"/> means them.</summary>
/// <param name="Embedding">[vocabulary, hidden]</param>
/// <param name="Layers">The decoder's layers.</param>
/// <param name="FinalNorm">[hidden]</param>
/// <param name="Head">[vocabulary, hidden]; the embedding itself where the two are tied.</param>
/// <param name="Vision">The vision encoder; null for text-only checkpoints.</param>
/// <param name="Projector">[hidden, vision output]; null for text-only checkpoints.</param>
public sealed record Llama4Tensors(
    WeightSpec Embedding, IReadOnlyList<LayerTensors> Layers, WeightSpec FinalNorm, WeightSpec Head, VisionTensors? Vision, WeightSpec? Projector);

/// <summary>One decoder layer: either <paramref name="Dense"/> or <paramref name="Moe"/> is there.</summary>
public sealed record LayerTensors(
    WeightSpec InputNorm, AttentionTensors Attention, WeightSpec PostAttentionNorm, DenseTensors? Dense, MoeTensors? Moe);

/// <summary>A product with an optional bias (a vector of its outputs).</summary>
public sealed record LinearTensor(WeightSpec Weight, WeightSpec? Bias);

/// <summary>A layer norm's weight and bias.</summary>
public sealed record NormTensors(WeightSpec Weight, WeightSpec Bias);

/// <summary>Query [heads x head size, width], key and value [kv heads x head size, width], output [width, heads x head size].</summary>
public sealed record AttentionTensors(LinearTensor Query, LinearTensor Key, LinearTensor Value, LinearTensor Output);

/// <summary>A gated feed-forward: gate and up [inner, hidden], down [hidden, inner].</summary>
public sealed record DenseTensors(WeightSpec Gate, WeightSpec Up, WeightSpec Down);

/// <summary>A mixture of experts.</summary>
/// <param name="Router">[experts, hidden]</param>
/// <param name="Routed">The experts that the router chooses from; null where they were not asked for.</param>
/// <param name="Shared">The expert that every token takes.</param>
public sealed record MoeTensors(WeightSpec Router, RoutedTensors? Routed, DenseTensors Shared);

/// <summary>Routed experts of one layer, all or some: one part an expert in each weight.</summary>
/// <param name="Gate">[inner, hidden] an expert; a column range where gate and up are stored fused.</param>
/// <param name="Up">[inner, hidden] an expert; likewise.</param>
/// <param name="Down">[hidden, inner] an expert.</param>
public sealed record RoutedTensors(WeightSpec Gate, WeightSpec Up, WeightSpec Down);

/// <summary>The vision encoder and its adapter.</summary>
/// <param name="PatchEmbedding">[width, channels x patch x patch]</param>
/// <param name="ClassEmbedding">[width]</param>
/// <param name="PositionalEmbedding">[patches + 1, width]; the last row is the class token's.</param>
/// <param name="NormPre">Before the layers.</param>
/// <param name="NormPost">After them.</param>
/// <param name="Layers">The encoder's layers.</param>
/// <param name="AdapterFc1">[projector input, shuffled width]</param>
/// <param name="AdapterFc2">[projector output, projector input]</param>
public sealed record VisionTensors(
    WeightSpec PatchEmbedding,
    WeightSpec ClassEmbedding,
    WeightSpec PositionalEmbedding,
    NormTensors NormPre,
    NormTensors NormPost,
    IReadOnlyList<VisionLayerTensors> Layers,
    WeightSpec AdapterFc1,
    WeightSpec AdapterFc2);

/// <summary>One encoder layer: fc1 [inner, width], fc2 [width, inner], all with biases.</summary>
public sealed record VisionLayerTensors(
    NormTensors InputNorm, AttentionTensors Attention, NormTensors PostAttentionNorm, LinearTensor Fc1, LinearTensor Fc2);
