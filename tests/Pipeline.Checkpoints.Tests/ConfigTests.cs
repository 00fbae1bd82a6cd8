using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints.Tests;

/// <summary>config.json in the spellings of transformers 4.51 to 5.x, and values that are refused.</summary>
public sealed class ConfigTests
{
    private static readonly RandomCheckpointOptions Small = new();

    [Fact]
    public void EmptyTextConfig_HasTheClassDefaults()
    {
        var text = Read("""{"model_type": "llama4_text"}""").Text;

        Assert.Equal((202048, 5120, 48, 40, 8, 128), (text.VocabularySize, text.HiddenSize, text.Layers, text.Heads, text.KvHeads, text.HeadSize));
        Assert.Equal((8192, 16384, 16, 1), (text.IntermediateSize, text.IntermediateSizeMlp, text.Experts, text.ExpertsPerToken));
        Assert.Equal((8192, true, true, 8192.0, 0.1, 1e-5), (text.AttentionChunkSize!.Value, text.UseQkNorm, text.TuneTemperature, text.FloorScale, text.AttentionScale, text.RmsNormEpsilon));
        Assert.Equal(new RopeConfig(500000, RopeType.Default, 1, 1, 1, 131072), text.Rope);
        Assert.Equal((131072, false, false, 1, (int?)null), (text.MaxPositions, text.AttentionBias, text.TieWordEmbeddings, text.BosId!.Value, text.PadId));
        Assert.Equal([2], text.EosIds);
    }

    [Fact]
    public void EmptyVisionConfig_HasTheClassDefaults()
    {
        // The class default of vision_output_dim fits no projector, so it is given.
        var vision = Read("""{"model_type": "llama4", "vision_config": {"vision_output_dim": 4096, "intermediate_size": 3072}}""").Vision!;

        Assert.Equal(new VisionConfig(768, 3072, 34, 16, 448, 14, 3, 0.5, 4096, 4096, 4096, 1e-5, 10000), vision);
    }

    [Fact]
    public void OldAndNewSpellings_MeanTheSame()
    {
        var old = Text(config =>
        {
            config.Remove("rope_parameters");
            config["rope_theta"] = 10000;
            config["rope_scaling"] = new JsonObject
            {
                ["type"] = "llama3",
                ["factor"] = 4,
                ["low_freq_factor"] = 1,
                ["high_freq_factor"] = 4,
                ["original_max_position_embeddings"] = 64,
            };
            config["attn_temperature_tuning"] = 4;
            config["floor_scale"] = 16.0;
            config["torch_dtype"] = "bfloat16";
            config["moe_layers"] = null;
            config["interleave_moe_layer_step"] = 1;
            config["no_rope_layers"] = new JsonArray();
        });

        AssertSame(Text(_ => { }), old);
    }

    [Fact]
    public void TokenIdKeys_HaveTwoNames()
    {
        var config = RandomCheckpoint.Config(Small);
        foreach (var name in new[] { "image_token", "boi_token", "eoi_token" })
        {
            config[$"{name}_id"] = config[$"{name}_index"]!.DeepClone();
            config.Remove($"{name}_index");
        }

        Assert.Equal((159, 157, 158), (Read(config).ImageTokenId!.Value, Read(config).BoiTokenId!.Value, Read(config).EoiTokenId!.Value));
    }

    [Theory]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("true", true)]
    [InlineData("4", true)]
    [InlineData("null", true)]
    public void TemperatureTuning_IsAnyNumberButZero(string value, bool expected) =>
        Assert.Equal(expected, Text(config => config["attn_temperature_tuning"] = JsonNode.Parse(value)).TuneTemperature);

    [Theory]
    [InlineData("[0, 1, 1, 0]", null, "0110", "0110")]
    [InlineData("[false, true, true, false, true]", null, "0110", "0110")]
    [InlineData(null, """["full_attention", "chunked_attention", "full_attention", "chunked_attention"]""", "1110", "0101")]
    [InlineData("[1, 1, 1, 1]", """["full_attention", "full_attention", "full_attention", "full_attention"]""", "1111", "0000")]
    public void RotationAndMask_AreDecidedApart(string? noRope, string? types, string rotate, string chunked)
    {
        var text = Text(config =>
        {
            config["no_rope_layers"] = noRope is null ? null : JsonNode.Parse(noRope);
            config["layer_types"] = types is null ? null : JsonNode.Parse(types);
        });

        Assert.Equal(rotate, string.Concat(text.LayerConfigs.Select(layer => layer.Rotate ? 1 : 0)));
        Assert.Equal(chunked, string.Concat(text.LayerConfigs.Select(layer => layer.Chunked ? 1 : 0)));
        Assert.Equal(chunked.Contains('1', StringComparison.Ordinal), text.AttentionChunkSize is not null);
    }

    [Fact]
    public void NullChunkSize_MeansNoChunks()
    {
        var text = Text(config => config["attention_chunk_size"] = null);

        Assert.Null(text.AttentionChunkSize);
        Assert.All(text.LayerConfigs, layer => Assert.False(layer.Chunked));
    }

    [Theory]
    [InlineData("null", 2, "0101")]
    [InlineData("null", 1, "1111")]
    [InlineData("[]", 0, "0000")]
    [InlineData("[0, 3]", 0, "1001")]
    [InlineData("[0, 3, 7, 11]", 1, "1001")]
    public void MoeLayers_OverrideTheStep(string listed, int step, string expected)
    {
        var text = Text(config =>
        {
            config["moe_layers"] = JsonNode.Parse(listed);
            config["interleave_moe_layer_step"] = step;
        });

        Assert.Equal(expected, string.Concat(text.LayerConfigs.Select(layer => layer.MixtureOfExperts ? 1 : 0)));
    }

    [Fact]
    public void DenseModels_NeedNoExperts()
    {
        var text = Text(config =>
        {
            config["moe_layers"] = new JsonArray();
            config["num_local_experts"] = 0;
            config["num_experts_per_tok"] = 0;
        });

        Assert.Equal((0, 0), (text.Experts, text.ExpertsPerToken));
    }

    [Fact]
    public void NullHeadCounts_AreDerived()
    {
        var text = Text(config =>
        {
            config["num_key_value_heads"] = null;
            config["head_dim"] = null;
        });

        Assert.Equal((4, 16), (text.KvHeads, text.HeadSize));
    }

    [Theory]
    [InlineData("2", new[] { 2 })]
    [InlineData("[2, 7]", new[] { 2, 7 })]
    [InlineData("null", new[] { 2 })]
    public void Stops_AreOneIdOrMany(string value, int[] expected) =>
        Assert.Equal(expected, Text(config => config["eos_token_id"] = JsonNode.Parse(value)).EosIds);

    [Fact]
    public void TextOnlyArchitectureOfAFullConfig_DropsVision()
    {
        var config = RandomCheckpoint.Config(Small);
        config["architectures"] = new JsonArray("Llama4ForCausalLM");

        Assert.Null(Read(config).Vision);
    }

    [Fact]
    public void WithoutVisionConfig_TheModelIsTextOnly()
    {
        var config = RandomCheckpoint.Config(Small);
        config["vision_config"] = null;
        config.Remove("image_token_index");

        Assert.Equal((null, null), (Read(config).Vision, Read(config).ImageTokenId));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(null, true, true)]
    [InlineData(false, true, false)]
    [InlineData(true, false, true)]
    public void Tying_IsTheDecodersMatter(bool? inner, bool outer, bool expected)
    {
        var config = RandomCheckpoint.Config(Small);
        config["tie_word_embeddings"] = outer;
        config["text_config"]!["tie_word_embeddings"] = inner;

        Assert.Equal(expected, Read(config).TieWordEmbeddings);
    }

    [Fact]
    public void OriginalLength_MayStandOutsideTheScaling()
    {
        Assert.Equal(512, OriginalMaxPositions(config => config["original_max_position_embeddings"] = 512));
        Assert.Equal(4096, OriginalMaxPositions(_ => { }));

        static int OriginalMaxPositions(Action<JsonObject> change) => Text(config =>
        {
            config["rope_parameters"]!.AsObject().Remove("original_max_position_embeddings");
            change(config);
        }).Rope.OriginalMaxPositions;
    }

    [Fact]
    public void UnknownKeys_AreReported()
    {
        var config = RandomCheckpoint.Config(Small);
        config["text_config"]!["brand_new"] = 1;
        config["vision_config"]!["novel"] = null;
        var unknown = new List<string>();
        _ = Llama4ConfigReader.Read(new JsonSection("dir/config.json", "", JsonElement.Parse(config.ToJsonString())), unknown);

        Assert.Equal(["config.json: text_config.brand_new"], unknown);
    }

    public static TheoryData<string, string, string> Refusals => new()
    {
        { "model_type", "\"llama\"", "model_type is llama; models of type llama4 (Llama4ForConditionalGeneration) and llama4_text (Llama4ForCausalLM) are read" },
        { "model_type", "null", "model_type is absent; models of type llama4 (Llama4ForConditionalGeneration) and llama4_text (Llama4ForCausalLM) are read" },
        { "architectures", "[\"MllamaForConditionalGeneration\"]", "architectures is MllamaForConditionalGeneration; models of type llama4 (Llama4ForConditionalGeneration) and llama4_text (Llama4ForCausalLM) are read" },
        { "quantization_config", """{"quant_method": "compressed-tensors"}""", "quantization_config is there (\"compressed-tensors\"): quantized weights are not supported" },
        { "text_config.quantization_config", "{}", "text_config.quantization_config is there: quantized weights are not supported" },
        { "image_token_index", "160", "image_token_index is 160, outside 0 to 159" },
        { "image_token_index", "null", "image_token_index is absent, and its default 200092 is outside 0 to 159" },
        { "text_config", "7", "text_config is 7, not an object" },
        { "text_config.model_type", "\"mixtral\"", "text_config.model_type is mixtral; only llama4_text is supported" },
        { "text_config.hidden_size", "0", "text_config.hidden_size is 0, outside 1 to 1048576" },
        { "text_config.hidden_size", "-64", "text_config.hidden_size is -64, outside 1 to 1048576" },
        { "text_config.hidden_size", "99999999999", "text_config.hidden_size is 99999999999, outside 1 to 1048576" },
        { "text_config.hidden_size", "1e300", "text_config.hidden_size is 1e300, not a whole number" },
        { "text_config.hidden_size", "64.5", "text_config.hidden_size is 64.5, not a whole number" },
        { "text_config.hidden_size", "\"64\"", "text_config.hidden_size is \"64\", not a whole number" },
        { "text_config.hidden_size", "true", "text_config.hidden_size is true, not a whole number" },
        { "text_config.vocab_size", "0", "text_config.vocab_size is 0, outside 1 to 16777216" },
        { "text_config.num_hidden_layers", "1000000000", "text_config.num_hidden_layers is 1000000000, outside 1 to 4096" },
        { "text_config.num_attention_heads", "0", "text_config.num_attention_heads is 0, outside 1 to 16384" },
        { "text_config.num_key_value_heads", "3", "text_config.num_key_value_heads is 3, which does not divide the 4 heads of num_attention_heads" },
        { "text_config.head_dim", "15", "text_config.head_dim is 15; rotary positions need an even number" },
        { "text_config.intermediate_size", "0", "text_config.intermediate_size is 0, outside 1 to 1048576" },
        { "text_config.num_local_experts", "0", "text_config.num_local_experts is 0, outside 1 to 16384" },
        { "text_config.num_experts_per_tok", "5", "text_config.num_experts_per_tok is 5, outside 1 to 4" },
        { "text_config.num_experts_per_tok", "0", "text_config.num_experts_per_tok is 0, outside 1 to 4" },
        { "text_config.moe_layers", "[-1]", "text_config.moe_layers is -1, outside 0 to 2147483647" },
        { "text_config.moe_layers", "3", "text_config.moe_layers is 3, not a list" },
        { "text_config.no_rope_layers", "[1, 1, 0]", "text_config.no_rope_layers has 3 entries for 4 layers" },
        { "text_config.no_rope_layers", "[1, 1, 0, 2]", "text_config.no_rope_layers is 2, outside 0 to 1" },
        { "text_config.no_rope_layer_interval", "0", "text_config.no_rope_layer_interval is 0, outside 1 to 2147483647" },
        { "text_config.layer_types", "[\"full_attention\"]", "text_config.layer_types has 1 entries for 4 layers" },
        { "text_config.layer_types", """["sliding_attention", "full_attention", "full_attention", "full_attention"]""", "text_config.layer_types holds sliding_attention; chunked_attention and full_attention are supported" },
        { "text_config.layer_types", "[1, 2, 3, 4]", "text_config.layer_types holds 1, not a string" },
        { "text_config.attention_chunk_size", "0", "text_config.attention_chunk_size is 0, outside 1 to 2147483647" },
        { "text_config.floor_scale", "0", "text_config.floor_scale is 0, not a number from 1 to 2147483647" },
        { "text_config.rms_norm_eps", "-1", "text_config.rms_norm_eps is -1, not a number from 0 to 1" },
        { "text_config.use_qk_norm", "1", "text_config.use_qk_norm is 1, not true or false" },
        { "text_config.hidden_act", "\"gelu\"", "text_config.hidden_act is gelu; only silu is supported" },
        { "text_config.sliding_window", "4096", "text_config.sliding_window is 4096, which is not supported" },
        { "text_config.partial_rotary_factor", "0.5", "text_config.partial_rotary_factor is 0.5, which is not supported" },
        { "text_config.max_position_embeddings", "0", "text_config.max_position_embeddings is 0, outside 1 to 2147483647" },
        { "text_config.rope_parameters.rope_type", "\"yarn\"", "text_config.rope_parameters.rope_type is yarn; default and llama3 are supported" },
        { "text_config.rope_parameters.rope_type", "null", "text_config.rope_parameters.rope_type is absent beside a factor: the kind of scaling is unknown" },
        { "text_config.rope_parameters.factor", "null", "text_config.rope_parameters.factor is absent, which rope_type llama3 needs" },
        { "text_config.rope_parameters.factor", "0", "text_config.rope_parameters.factor is 0, not a number from 1E-06 to 1000000" },
        { "text_config.rope_parameters.high_freq_factor", "0.5", "text_config.rope_parameters.high_freq_factor is smaller than low_freq_factor" },
        { "text_config.rope_parameters.rope_theta", "0", "text_config.rope_parameters.rope_theta is 0, not a number from 1 to 1E+18" },
        { "text_config.rope_parameters.partial_rotary_factor", "0.5", "text_config.rope_parameters.partial_rotary_factor is not 1, which is not supported" },
        { "text_config.rope_parameters.full_attention", "{}", "text_config.rope_parameters.full_attention is {}: rotary positions by kind of layer are not supported" },
        { "text_config.bos_token_id", "160", "text_config.bos_token_id is 160, outside 0 to 159" },
        { "text_config.eos_token_id", "[2, 160]", "text_config.eos_token_id is 160, outside 0 to 159" },
        { "text_config.pad_token_id", "-2", "text_config.pad_token_id is -2, outside -1 to 159" },
        { "vision_config.image_size", "57", "vision_config.patch_size is 14, which does not divide image_size 57" },
        { "vision_config.image_size", "[56, 28]", "vision_config.image_size is not a square" },
        { "vision_config.image_size", "42", "vision_config.pixel_shuffle_ratio is 0.5: squares of 2 x 2 do not tile the 3 x 3 patches" },
        { "vision_config.pixel_shuffle_ratio", "0.4", "vision_config.pixel_shuffle_ratio is 0.4; it must be 1 divided by a whole number" },
        { "vision_config.pixel_shuffle_ratio", "0", "vision_config.pixel_shuffle_ratio is 0, not a number from 0.015625 to 1" },
        { "vision_config.num_attention_heads", "3", "vision_config.num_attention_heads is 3: hidden_size 32 must give each head a multiple of 4 elements (pairs for x and for y)" },
        { "vision_config.num_attention_heads", "16", "vision_config.num_attention_heads is 16: hidden_size 32 must give each head a multiple of 4 elements (pairs for x and for y)" },
        { "vision_config.num_channels", "4", "vision_config.num_channels is 4, outside 3 to 3" },
        { "vision_config.intermediate_size", "100", "vision_config.intermediate_size is 100; the adapter reads shuffled tokens of hidden_size / pixel_shuffle_ratio^2 = 128" },
        { "vision_config.projector_input_dim", "41", "vision_config.projector_input_dim is 41; it must equal projector_output_dim 40" },
        { "vision_config.vision_output_dim", "41", "vision_config.vision_output_dim is 41; it must equal projector_output_dim 40" },
        { "vision_config.rope_parameters.rope_type", "\"linear\"", "vision_config.rope_parameters.rope_type is linear; the vision encoder supports default only" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void ValuesThatDontFit_AreNamed(string path, string value, string problem)
    {
        var config = RandomCheckpoint.Config(Small);
        Set(config, path, value);

        Assert.Equal($"config.json: {problem}", Failures.MessageOf(() => Read(config)));
    }

    /// <summary>Sets a key somewhere below an object; a null stays a null.</summary>
    internal static void Set(JsonObject root, string path, string value)
    {
        var keys = path.Split('.');
        JsonNode node = root;
        foreach (var key in keys[..^1])
        {
            node = node[key]!;
        }

        node[keys[^1]] = JsonNode.Parse(value);
    }

    private static TextConfig Text(Action<JsonObject> change)
    {
        var config = RandomCheckpoint.Config(Small with { TextOnly = true });
        change(config);
        return Read(config).Text;
    }

    private static Llama4Config Read(JsonObject config) => Read(config.ToJsonString());

    private static Llama4Config Read(string json) => Llama4ConfigReader.Read(new JsonSection("config.json", "", JsonElement.Parse(json)), []);

    private static void AssertSame(TextConfig expected, TextConfig actual)
    {
        Assert.Equal(expected.LayerConfigs, actual.LayerConfigs);
        Assert.Equal(expected.EosIds, actual.EosIds);
        Assert.Equal(expected, actual with { LayerConfigs = expected.LayerConfigs, EosIds = expected.EosIds });
    }
}
