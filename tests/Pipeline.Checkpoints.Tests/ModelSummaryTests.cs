using System.Text.Json;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Sizes of the published models, from their config.json alone.</summary>
public sealed class ModelSummaryTests
{
    // Only keys that differ from transformers' class defaults, as its own config files have them.
    private const string Vision = """
        "vision_config": {"model_type": "llama4_vision_model", "hidden_size": 1408, "image_size": 336, "vision_output_dim": 4096, "norm_eps": 1e-05,
            "vision_feature_layer": -1, "rope_theta": 10000}
        """;

    private const string Scout = $$$"""
        {"model_type": "llama4", "architectures": ["Llama4ForConditionalGeneration"], "torch_dtype": "bfloat16",
         "text_config": {"model_type": "llama4_text", "bos_token_id": 200000, "eos_token_id": [200001, 200007, 200008], "pad_token_id": 200018,
            "attn_temperature_tuning": 4, "for_llm_compressor": false, "max_position_embeddings": 10485760, "no_rope_layers": [], "rope_theta": 500000.0,
            "rope_scaling": {"factor": 16.0, "high_freq_factor": 1.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}},
         {{{Vision}}}
        }
        """;

    private const string Maverick = $$$"""
        {"model_type": "llama4", "architectures": ["Llama4ForConditionalGeneration"],
         "text_config": {"model_type": "llama4_text", "bos_token_id": 200000, "eos_token_id": [200001, 200007, 200008], "pad_token_id": 200018,
            "interleave_moe_layer_step": 2, "num_local_experts": 128, "use_qk_norm": false, "rope_scaling": null, "max_position_embeddings": 1048576},
         {{{Vision}}}
        }
        """;

    [Theory]
    [InlineData(Scout, 108_641_793_536, 107_769_861_120, 17.17e9)]
    [InlineData(Maverick, 401_583_781_376, 400_711_848_960, 17.18e9)]
    public void PublishedModels_HaveThePublishedSizes(string json, long total, long text, double active)
    {
        var summary = ModelSummary.Of(Read(json));

        Assert.Equal(total, summary.Parameters);
        Assert.Equal(2 * total, summary.Bytes);
        Assert.Equal(text, summary.Kinds.Where(kind => kind.Kind is not (TensorKind.Vision or TensorKind.Projector)).Sum(kind => kind.Parameters));
        Assert.Equal(850_960_896, summary.Kinds.Single(kind => kind.Kind == TensorKind.Vision).Parameters);
        Assert.Equal(20_971_520, summary.Kinds.Single(kind => kind.Kind == TensorKind.Projector).Parameters);
        Assert.Equal(active, summary.ActiveParameters, 0.005e9);
    }

    [Fact]
    public void TheLargestConfigThatIsRead_HasASize()
    {
        var config = Read("""
            {"model_type": "llama4_text", "vocab_size": 16777216, "hidden_size": 1048576, "num_hidden_layers": 64, "num_local_experts": 16384,
             "intermediate_size": 1048576, "num_attention_heads": 16384, "num_key_value_heads": 16384, "head_dim": 64}
            """);

        Assert.InRange(ModelSummary.Of(config).Bytes, 1L << 62, long.MaxValue);
    }

    [Fact]
    public void Scout_IsResolvedAsPublished()
    {
        var text = Read(Scout).Text;

        Assert.Equal(new RopeConfig(500000, RopeType.Llama3, 16, 1, 1, 8192), text.Rope);
        Assert.True(text.TuneTemperature);
        Assert.True(text.UseQkNorm);
        Assert.Equal((8192.0, 0.1, 1e-5, 10485760), (text.FloorScale, text.AttentionScale, text.RmsNormEpsilon, text.MaxPositions));
        Assert.Equal((200000, 200018), (text.BosId!.Value, text.PadId!.Value));
        Assert.Equal([200001, 200007, 200008], text.EosIds);
        Assert.All(text.LayerConfigs, (layer, i) => Assert.Equal(new TextLayerConfig(true, (i + 1) % 4 != 0, (i + 1) % 4 != 0), layer));
    }

    [Fact]
    public void Maverick_IsResolvedAsPublished()
    {
        var config = Read(Maverick);

        Assert.False(config.Text.UseQkNorm);
        Assert.Equal(RopeType.Default, config.Text.Rope.Type);
        Assert.All(config.Text.LayerConfigs, (layer, i) => Assert.Equal(i % 2 == 1, layer.MixtureOfExperts));
        Assert.Equal((144, 576, 88), (config.Vision!.TokensPerTile, config.Vision.PatchesPerTile, config.Vision.HeadSize));
        Assert.Equal((200092, 200080, 200081), (config.ImageTokenId!.Value, config.BoiTokenId ?? -1, config.EoiTokenId ?? -1));
    }

    private static Llama4Config Read(string json)
    {
        var unknown = new List<string>();
        var config = Llama4ConfigReader.Read(new JsonSection("config.json", "", JsonElement.Parse(json)), unknown);
        Assert.Empty(unknown);
        return config;
    }
}
