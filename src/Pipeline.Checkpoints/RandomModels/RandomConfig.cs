using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints;

/// <summary>The settings files of a random checkpoint.</summary>
internal static class RandomConfig
{
    /// <summary>config.json as transformers 5 writes it.</summary>
    public static JsonObject Model(RandomCheckpointOptions options)
    {
        var text = Text(options);
        if (options.TextOnly)
        {
            text["architectures"] = new JsonArray("Llama4ForCausalLM");
            return text;
        }

        return new JsonObject
        {
            ["architectures"] = new JsonArray("Llama4ForConditionalGeneration"),
            ["model_type"] = "llama4",
            ["boi_token_index"] = options.Vocabulary - 3,
            ["eoi_token_index"] = options.Vocabulary - 2,
            ["image_token_index"] = options.Vocabulary - 1,
            ["tie_word_embeddings"] = options.Tied,
            ["text_config"] = text,
            ["vision_config"] = Vision(options),
        };
    }

    private static JsonObject Text(RandomCheckpointOptions options) => new()
    {
        ["model_type"] = "llama4_text",
        ["vocab_size"] = options.Vocabulary,
        ["hidden_size"] = options.HiddenSize,
        ["num_hidden_layers"] = options.Layers,
        ["num_attention_heads"] = options.Heads,
        ["num_key_value_heads"] = options.KvHeads,
        ["head_dim"] = options.HeadSize,
        ["intermediate_size"] = options.IntermediateSize,
        ["intermediate_size_mlp"] = options.IntermediateSizeMlp,
        ["num_local_experts"] = options.Experts,
        ["num_experts_per_tok"] = options.TopK,
        ["moe_layers"] = new JsonArray([.. options.MoeLayers.Select(layer => JsonValue.Create(layer))]),
        ["attention_chunk_size"] = options.ChunkSize,
        ["attention_bias"] = options.AttentionBias,
        ["use_qk_norm"] = options.UseQkNorm,
        ["attn_temperature_tuning"] = options.TuneTemperature,
        ["floor_scale"] = 16,
        ["attn_scale"] = 0.1,
        ["rms_norm_eps"] = 1e-5,
        ["max_position_embeddings"] = options.MaxPositions,
        ["tie_word_embeddings"] = options.Tied,
        ["bos_token_id"] = 1,
        ["eos_token_id"] = 2,
        ["pad_token_id"] = 0,
        ["rope_parameters"] = Rope(options),
    };

    private static JsonObject Rope(RandomCheckpointOptions options) => options.Llama3Rope
        ? new JsonObject
        {
            ["rope_type"] = "llama3",
            ["rope_theta"] = 10000.0,
            ["factor"] = 4.0,
            ["low_freq_factor"] = 1.0,
            ["high_freq_factor"] = 4.0,
            ["original_max_position_embeddings"] = 64,
        }
        : new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 10000.0 };

    private static JsonObject Vision(RandomCheckpointOptions options) => new()
    {
        ["model_type"] = "llama4_vision_model",
        ["hidden_size"] = options.VisionHiddenSize,
        ["intermediate_size"] = 4 * options.VisionHiddenSize,
        ["num_hidden_layers"] = options.VisionLayers,
        ["num_attention_heads"] = options.VisionHeads,
        ["image_size"] = options.ImageSize,
        ["patch_size"] = options.PatchSize,
        ["pixel_shuffle_ratio"] = 0.5,
        ["projector_input_dim"] = options.ProjectorSize,
        ["projector_output_dim"] = options.ProjectorSize,
        ["vision_output_dim"] = options.ProjectorSize,
        ["rope_parameters"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 10000.0 },
    };

    /// <summary>preprocessor_config.json.</summary>
    public static JsonObject Preprocessor(RandomCheckpointOptions options) => new()
    {
        ["image_processor_type"] = "Llama4ImageProcessorFast",
        ["processor_class"] = "Llama4Processor",
        ["size"] = new JsonObject { ["height"] = options.ImageSize, ["width"] = options.ImageSize },
        ["max_patches"] = options.MaxPatches,
        ["resample"] = 2,
    };
}
