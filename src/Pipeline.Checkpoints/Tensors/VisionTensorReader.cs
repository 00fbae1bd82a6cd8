using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>Names and shapes of the vision encoder's tensors.</summary>
internal sealed class VisionTensorReader(VisionConfig config, TensorClaims claims)
{
    private const string Prefix = "vision_model.";

    public VisionTensors Read() => new(
        Matrix($"{Prefix}patch_embedding.linear.weight", config.HiddenSize, config.Channels * config.PatchSize * config.PatchSize),
        Vector($"{Prefix}class_embedding", config.HiddenSize),
        Matrix($"{Prefix}positional_embedding_vlm", config.PatchesPerTile + 1, config.HiddenSize),
        Norm($"{Prefix}layernorm_pre"),
        Norm($"{Prefix}layernorm_post"),
        [.. Enumerable.Range(0, config.Layers).Select(i => Layer($"{Prefix}model.layers.{i}."))],
        Matrix($"{Prefix}vision_adapter.mlp.fc1.weight", config.ProjectorInputSize, config.IntermediateSize),
        Matrix($"{Prefix}vision_adapter.mlp.fc2.weight", config.ProjectorOutputSize, config.ProjectorInputSize));

    private VisionLayerTensors Layer(string prefix) => new(
        Norm($"{prefix}input_layernorm"),
        new AttentionTensors(Square($"{prefix}self_attn.q_proj"), Square($"{prefix}self_attn.k_proj"), Square($"{prefix}self_attn.v_proj"), Square($"{prefix}self_attn.o_proj")),
        Norm($"{prefix}post_attention_layernorm"),
        Linear($"{prefix}mlp.fc1", config.IntermediateSize, config.HiddenSize),
        Linear($"{prefix}mlp.fc2", config.HiddenSize, config.IntermediateSize));

    private LinearTensor Square(string prefix) => Linear(prefix, config.HiddenSize, config.HiddenSize);

    private LinearTensor Linear(string prefix, int outputs, int inputs) => new(Matrix($"{prefix}.weight", outputs, inputs), Vector($"{prefix}.bias", outputs));

    private NormTensors Norm(string prefix) => new(Vector($"{prefix}.weight", config.HiddenSize), Vector($"{prefix}.bias", config.HiddenSize));

    private WeightSpec Matrix(string name, int outputs, int inputs) => claims.Matrix(TensorKind.Vision, name, outputs, inputs);

    private WeightSpec Vector(string name, int length) => claims.Vector(TensorKind.Vision, name, length);
}
