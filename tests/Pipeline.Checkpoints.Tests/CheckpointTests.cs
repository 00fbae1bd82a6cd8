using Pipeline.Kernels;

namespace Pipeline.Checkpoints.Tests;

/// <summary>The checkpoints that ship with the repository.</summary>
public sealed class CheckpointTests
{
    private static string TinyScout => Path.Combine(SharedData.Root, "models", "tiny-scout");

    private static string Golden(string name) => Path.Combine(SharedData.Root, "tests", "data", "goldens", name);

    [Fact]
    public void TinyScout_IsReadCompletely()
    {
        using var checkpoint = Checkpoint.Open(TinyScout);
        var config = checkpoint.Config;
        var tensors = checkpoint.ReadLlama4();

        Assert.Equal((1459, 192, 6, 6, 2, 32), (config.Text.VocabularySize, config.Text.HiddenSize, config.Text.Layers, config.Text.Heads, config.Text.KvHeads, config.Text.HeadSize));
        Assert.Equal((8, 1, 256, 8192), (config.Text.Experts, config.Text.ExpertsPerToken, config.Text.IntermediateSize, config.Text.AttentionChunkSize!.Value));
        Assert.Equal(new RopeConfig(500000, RopeType.Default, 1, 1, 1, 8192), config.Text.Rope);
        Assert.All(config.Text.LayerConfigs, (layer, i) => Assert.Equal(new TextLayerConfig(true, i != 3, i != 3), layer));
        Assert.Equal((112, 14, 64, 16, 1458), (config.Vision!.ImageSize, config.Vision.PatchSize, config.Vision.PatchesPerTile, config.Vision.TokensPerTile, config.ImageTokenId!.Value));
        Assert.Equal([1441, 1447, 1448], checkpoint.Generation.StopIds);
        Assert.Equal((false, 64), (checkpoint.Generation.Sample, checkpoint.Generation.MaxNewTokens!.Value));
        Assert.Equal((112, 1, 8, "<|image|>"), (checkpoint.Processor!.TileSize, checkpoint.Processor.MaxPatches, checkpoint.Processor.VideoFrames!.Value, checkpoint.Processor.ImageToken));
        Assert.Equal(6, tensors.Layers.Count);
        Assert.Equal(5, tensors.Vision!.Layers.Count);
        Assert.Empty(checkpoint.UnknownKeys);
        Assert.Equal(checkpoint.Tensors.All.Sum(tensor => tensor.Count), checkpoint.Summarize().Parameters);
        Assert.Equal(checkpoint.Tensors.All.Sum(tensor => tensor.Bytes), checkpoint.Summarize().Bytes);
    }

    [Theory]
    [InlineData("scout-like", 4, 1)]
    [InlineData("maverick-like", 8, 1)]
    [InlineData("top2", 6, 2)]
    public void Goldens_AreReadCompletely(string name, int experts, int topK)
    {
        using var checkpoint = Checkpoint.Open(Golden(name));
        var tensors = checkpoint.ReadLlama4();

        Assert.Equal((experts, topK, 32), (checkpoint.Config.Text.Experts, checkpoint.Config.Text.ExpertsPerToken, checkpoint.Config.Text.AttentionChunkSize!.Value));
        Assert.Equal(checkpoint.Tensors.All.Sum(tensor => tensor.Count), checkpoint.Summarize().Parameters);
        Assert.Equal(NumberFormat.F32, tensors.Embedding.Format);
        Assert.Empty(checkpoint.UnknownKeys);
    }

    [Fact]
    public void MaverickLike_HasDenseLayersBetween()
    {
        using var checkpoint = Checkpoint.Open(Golden("maverick-like"));

        Assert.All(checkpoint.ReadLlama4().Layers, (layer, i) => Assert.Equal(i % 2 == 1, layer.Moe is not null && layer.Dense is null));
    }

    [Fact]
    public unsafe void FusedExperts_AreColumnRangesOfTheStoredTensor()
    {
        using var checkpoint = Checkpoint.Open(Golden("top2"));
        var (hidden, inner) = (checkpoint.Config.Text.HiddenSize, checkpoint.Config.Text.IntermediateSize);
        var moe = checkpoint.ReadLlama4().Layers[2].Moe!.Routed!;
        var stored = checkpoint.Tensors.Find("language_model.model.layers.2.feed_forward.experts.gate_up_proj")!.ReadFloats();

        foreach (var (weight, firstColumn) in new[] { (moe.Gate, 0), (moe.Up, inner) })
        {
            Assert.Equal((inner, hidden, WeightOrientation.InputsByOutputs, 6), (weight.Outputs, weight.Inputs, weight.Orientation, weight.Parts.Count));
            var part = weight.Parts[4];
            for (var input = 0; input < hidden; input++)
            {
                for (var output = 0; output < inner; output++)
                {
                    var expected = stored[(((4 * hidden) + input) * 2 * inner) + firstColumn + output];
                    Assert.Equal(expected, ((float*)part.Address)[(input * part.Stride) + output]);
                }
            }
        }
    }

    [Fact]
    public void ReadConfig_NeedsNoWeights()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Join(SharedData.Root, "models", "tiny-scout", "config.json"), folder.File("config.json"));

        Assert.Equal(6, Checkpoint.ReadConfig(folder.Path).Text.Layers);
        Assert.Equal("checkpoint.missing", Assert.Throws<PipelineException>(() => Checkpoint.ReadConfig(folder.File("nowhere"))).Code);
    }
}
