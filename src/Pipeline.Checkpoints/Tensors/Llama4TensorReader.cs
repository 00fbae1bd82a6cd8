using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>Names and shapes of every tensor of a Llama 4 checkpoint, in the order of the model.</summary>
internal sealed class Llama4TensorReader(Llama4Config config, TensorClaims claims)
{
    private const string EmbeddingName = "model.embed_tokens.weight";
    private const string HeadName = "lm_head.weight";

    private readonly TextConfig _text = config.Text;
    private readonly ExpertLayout?[] _experts = new ExpertLayout?[config.Text.Layers];

    // Text-only exports drop the prefix; either form is read for either architecture.
    private readonly string _prefix = config.Vision is null && !claims.Has($"language_model.{EmbeddingName}") ? "" : "language_model.";

    /// <summary>After <see cref="Read"/>: how the routed experts of each layer are stored; null where it has none.</summary>
    public IReadOnlyList<ExpertLayout?> ExpertLayouts => _experts;

    public Llama4Tensors Read()
    {
        // Derived from the config; some exporters write it all the same.
        claims.Ignore(name => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal));
        var embedding = claims.Matrix(TensorKind.Embedding, _prefix + EmbeddingName, _text.VocabularySize, _text.HiddenSize);
        return new Llama4Tensors(
            embedding,
            [.. _text.LayerConfigs.Select((layer, i) => Layer(layer, i, $"{_prefix}model.layers.{i}."))],
            Norm($"{_prefix}model.norm.weight"),
            Head(embedding),
            config.Vision is { } vision ? new VisionTensorReader(vision, claims).Read() : null,
            config.Vision is null
                ? null
                : claims.Matrix(TensorKind.Projector, "multi_modal_projector.linear_1.weight", _text.HiddenSize, config.Vision.OutputSize));
    }

    // A stored head counts even where the config ties it: the reference unties where the two differ, and else they are equal.
    private WeightSpec Head(WeightSpec embedding) =>
        _text.TieWordEmbeddings && !claims.Has(_prefix + HeadName)
            ? embedding
            : claims.Matrix(TensorKind.Head, _prefix + HeadName, _text.VocabularySize, _text.HiddenSize);

    private LayerTensors Layer(TextLayerConfig layer, int index, string prefix) => new(
        Norm($"{prefix}input_layernorm.weight"),
        Attention($"{prefix}self_attn."),
        Norm($"{prefix}post_attention_layernorm.weight"),
        layer.MixtureOfExperts ? null : FeedForward(TensorKind.Dense, $"{prefix}feed_forward.", _text.IntermediateSizeMlp),
        layer.MixtureOfExperts ? Experts(index, $"{prefix}feed_forward.") : null);

    private WeightSpec Norm(string name) => claims.Vector(TensorKind.Norm, name, _text.HiddenSize);

    private AttentionTensors Attention(string prefix)
    {
        var queryWidth = _text.Heads * _text.HeadSize;
        var keyWidth = _text.KvHeads * _text.HeadSize;
        return new AttentionTensors(
            Linear($"{prefix}q_proj", queryWidth, _text.HiddenSize),
            Linear($"{prefix}k_proj", keyWidth, _text.HiddenSize),
            Linear($"{prefix}v_proj", keyWidth, _text.HiddenSize),
            Linear($"{prefix}o_proj", _text.HiddenSize, queryWidth));
    }

    private LinearTensor Linear(string prefix, int outputs, int inputs) => new(
        claims.Matrix(TensorKind.Attention, $"{prefix}.weight", outputs, inputs),
        _text.AttentionBias ? claims.Vector(TensorKind.Attention, $"{prefix}.bias", outputs) : null);

    private DenseTensors FeedForward(TensorKind kind, string prefix, int inner) => new(
        claims.Matrix(kind, $"{prefix}gate_proj.weight", inner, _text.HiddenSize),
        claims.Matrix(kind, $"{prefix}up_proj.weight", inner, _text.HiddenSize),
        claims.Matrix(kind, $"{prefix}down_proj.weight", _text.HiddenSize, inner));

    private MoeTensors Experts(int layer, string prefix)
    {
        var router = claims.Matrix(TensorKind.Router, $"{prefix}router.weight", _text.Experts, _text.HiddenSize);
        ExpertLayout routed = claims.Has($"{prefix}experts.0.gate_proj.weight") ? Unfused($"{prefix}experts.") : Fused($"{prefix}experts.");
        _experts[layer] = routed;
        return new MoeTensors(
            router,
            claims.Maps(TensorKind.RoutedExperts) ? routed.All(claims.Owner) : null,
            FeedForward(TensorKind.SharedExpert, $"{prefix}shared_expert.", _text.IntermediateSize));
    }

    private FusedExperts Fused(string prefix)
    {
        var inner = _text.IntermediateSize;
        return new FusedExperts(
            claims.Fused(TensorKind.RoutedExperts, $"{prefix}gate_up_proj", _text.Experts, _text.HiddenSize, 2 * inner),
            claims.Fused(TensorKind.RoutedExperts, $"{prefix}down_proj", _text.Experts, inner, _text.HiddenSize),
            _text);
    }

    private SeparateExperts Unfused(string prefix)
    {
        ClaimedTensor[] Each(string name, int outputs, int inputs) =>
            claims.Experts(TensorKind.RoutedExperts, i => $"{prefix}{i}.{name}.weight", _text.Experts, outputs, inputs);

        return new SeparateExperts(
            Each("gate_proj", _text.IntermediateSize, _text.HiddenSize),
            Each("up_proj", _text.IntermediateSize, _text.HiddenSize),
            Each("down_proj", _text.HiddenSize, _text.IntermediateSize),
            _text);
    }
}
