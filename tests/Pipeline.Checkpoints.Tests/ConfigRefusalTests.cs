using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Values of config.json that are refused, each with its message.</summary>
public sealed class ConfigRefusalTests
{
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
        { "text_config.head_dim", "1000000", "text_config.head_dim is 1000000, outside 1 to 262144" },
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
        var config = RandomCheckpoint.Config(new RandomCheckpointOptions());
        Set(config, path, value);

        Assert.Equal($"config.json: {problem}", Failures.MessageOf(() => ConfigTests.Read(config)));
    }

    [Fact]
    public void TooManyExpertsInAll_AreRefused()
    {
        var config = RandomCheckpoint.Config(new RandomCheckpointOptions { Layers = 4096 });
        Set(config, "text_config.num_local_experts", "16384");

        Assert.Equal(
            "config.json: text_config.num_local_experts is 16384, too many for 4096 layers: at most 1048576 in all",
            Failures.MessageOf(() => ConfigTests.Read(config)));
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
}
