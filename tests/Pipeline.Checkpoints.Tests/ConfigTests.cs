using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints.Tests;

/// <summary>config.json in the spellings of transformers 4.51 to 5.x.</summary>
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

    private static TextConfig Text(Action<JsonObject> change)
    {
        var config = RandomCheckpoint.Config(Small with { TextOnly = true });
        change(config);
        return Read(config).Text;
    }

    internal static Llama4Config Read(JsonObject config) => Read(config.ToJsonString());

    private static Llama4Config Read(string json) => Llama4ConfigReader.Read(new JsonSection("config.json", "", JsonElement.Parse(json)), []);

    private static void AssertSame(TextConfig expected, TextConfig actual)
    {
        Assert.Equal(expected.LayerConfigs, actual.LayerConfigs);
        Assert.Equal(expected.EosIds, actual.EosIds);
        Assert.Equal(expected, actual with { LayerConfigs = expected.LayerConfigs, EosIds = expected.EosIds });
    }
}
