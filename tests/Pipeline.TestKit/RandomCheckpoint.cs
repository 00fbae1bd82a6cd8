using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Checkpoints;

namespace Pipeline.TestKit;

/// <summary>What a random checkpoint looks like. The defaults make a small model in which every feature matters within 100 tokens.</summary>
public sealed record RandomCheckpointOptions
{
    public int Seed { get; init; } = 1;

    public StoredType Type { get; init; } = StoredType.F32;

    /// <summary>Weight files; above 1 an index is written too.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Experts as two tensors a layer, else as three Linear weights an expert.</summary>
    public bool FusedExperts { get; init; } = true;

    public bool Tied { get; init; }

    /// <summary><c>Llama4ForCausalLM</c>: text keys on the outer level, names without prefix, no vision encoder.</summary>
    public bool TextOnly { get; init; }

    public bool AttentionBias { get; init; }

    public bool UseQkNorm { get; init; } = true;

    public bool TuneTemperature { get; init; } = true;

    public bool Llama3Rope { get; init; } = true;

    /// <summary>Layer i has experts if (i+1) is a multiple of it; 0 makes every layer dense.</summary>
    public int MoeStep { get; init; } = 1;

    public int TopK { get; init; } = 1;

    public int Experts { get; init; } = 4;

    public int Layers { get; init; } = 4;

    public int HiddenSize { get; init; } = 64;

    public int Heads { get; init; } = 4;

    public int KvHeads { get; init; } = 2;

    public int HeadSize { get; init; } = 16;

    public int IntermediateSize { get; init; } = 48;

    public int IntermediateSizeMlp { get; init; } = 80;

    public int Vocabulary { get; init; } = 160;

    public int ChunkSize { get; init; } = 32;

    public int MaxPositions { get; init; } = 4096;

    public int VisionLayers { get; init; } = 2;

    public int VisionHiddenSize { get; init; } = 32;

    public int VisionHeads { get; init; } = 2;

    public int ImageSize { get; init; } = 56;

    public int PatchSize { get; init; } = 14;

    public int ProjectorSize { get; init; } = 40;

    public int MaxPatches { get; init; } = 4;
}

/// <summary>Writes complete little Hugging Face directories (settings and weights, no tokenizer) with seeded random weights.</summary>
public static class RandomCheckpoint
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Write(string directory, RandomCheckpointOptions options)
    {
        Directory.CreateDirectory(directory);
        WriteJson(directory, "config.json", Config(options));
        WriteJson(directory, "generation_config.json", new JsonObject { ["eos_token_id"] = new JsonArray(2), ["do_sample"] = false });
        if (!options.TextOnly)
        {
            WriteJson(directory, "preprocessor_config.json", Preprocessor(options));
        }

        var tensors = Tensors(options);
        if (options.Shards == 1)
        {
            SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), tensors);
        }
        else
        {
            SafetensorsWriter.WriteSharded(directory, tensors, options.Shards);
        }
    }

    /// <summary>The weights, in the order in which they are written.</summary>
    public static IReadOnlyList<TensorValues> Tensors(RandomCheckpointOptions options) => new RandomTensors(options).All();

    /// <summary>config.json as transformers 5 writes it.</summary>
    public static JsonObject Config(RandomCheckpointOptions options)
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
        ["moe_layers"] = new JsonArray([.. MoeLayers(options).Select(layer => JsonValue.Create(layer))]),
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

    private static JsonObject Preprocessor(RandomCheckpointOptions options) => new()
    {
        ["image_processor_type"] = "Llama4ImageProcessorFast",
        ["processor_class"] = "Llama4Processor",
        ["size"] = new JsonObject { ["height"] = options.ImageSize, ["width"] = options.ImageSize },
        ["max_patches"] = options.MaxPatches,
        ["resample"] = 2,
    };

    internal static IEnumerable<int> MoeLayers(RandomCheckpointOptions options) =>
        options.MoeStep == 0 ? [] : Enumerable.Range(0, options.Layers).Where(layer => (layer + 1) % options.MoeStep == 0);

    private static void WriteJson(string directory, string name, JsonObject json) =>
        File.WriteAllText(Path.Combine(directory, name), json.ToJsonString(Indented));
}
