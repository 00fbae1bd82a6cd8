using Pipeline.Kernels;

namespace Pipeline.Checkpoints.Tests;

/// <summary>Which weights are to be quantized, and what is said of their sizes.</summary>
public sealed class QuantizedSpecTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Products_of_the_language_model_are_quantized_and_nothing_else(bool fused)
    {
        RandomCheckpoint.Write(_folder.Path, new RandomCheckpointOptions { Type = StoredType.BF16, MoeStep = 2, FusedExperts = fused, AttentionBias = true });
        using var checkpoint = Checkpoint.Open(_folder.Path, Quantization.Int4);
        var tensors = checkpoint.ReadLlama4();
        var attention = tensors.Layers[0].Attention;
        var (dense, moe) = (tensors.Layers[0].Dense!, tensors.Layers[1].Moe!);
        WeightSpec[] products =
        [
            attention.Query.Weight, attention.Key.Weight, attention.Value.Weight, attention.Output.Weight, dense.Gate, dense.Up, dense.Down,
            moe.Shared.Gate, moe.Shared.Up, moe.Shared.Down, moe.Routed!.Gate, moe.Routed.Up, moe.Routed.Down,
        ];
        WeightSpec[] others =
        [
            attention.Query.Bias!, tensors.Embedding, tensors.Head, tensors.FinalNorm, moe.Router, tensors.Layers[0].InputNorm, tensors.Projector!,
            tensors.Vision!.PatchEmbedding, tensors.Vision.Layers[0].Fc1.Weight, tensors.Vision.AdapterFc1,
        ];
        Assert.All(products, spec => Assert.Equal(Quantization.Int4, spec.Quantization));
        Assert.All(others, spec => Assert.Equal(Quantization.None, spec.Quantization));

        using var mapped = checkpoint.ReadExperts().Map(layer: 1, [0, 2]);
        Assert.Equal(Quantization.Int4, mapped.Tensors.Down.Quantization);
    }

    [Theory]
    [InlineData(Quantization.Int8, 128 + 8, 96 + 6)]
    [InlineData(Quantization.Int4, 64 + 8, 48 + 6)]
    public void Sizes_are_those_of_the_rows_on_a_device(Quantization quantization, int hiddenRow, int innerRow)
    {
        var options = new RandomCheckpointOptions { TextOnly = true, Layers = 1, MoeStep = 1, Experts = 3, HiddenSize = 128, IntermediateSize = 96 };
        RandomCheckpoint.Write(_folder.Path, options);
        using var stored = Checkpoint.Open(_folder.Path);
        using var checkpoint = Checkpoint.Open(_folder.Path, quantization);

        var kinds = checkpoint.Summarize().Kinds.ToDictionary(kind => kind.Kind);
        Assert.Equal(3 * ((2 * 96L * Align(hiddenRow)) + (128L * Align(innerRow))), kinds[TensorKind.RoutedExperts].Bytes);
        Assert.Equal(stored.Summarize().Kinds.Single(kind => kind.Kind == TensorKind.Head), kinds[TensorKind.Head]);
        Assert.Equal(stored.Summarize().Parameters, checkpoint.Summarize().Parameters);
        using var mapped = checkpoint.ReadExperts().Map(layer: 0, [0, 1, 2]);
        Assert.Equal(kinds[TensorKind.RoutedExperts].Bytes, mapped.LoadedBytes);
        Assert.Equal($"{stored.Digest}-{quantization.ToString().ToLowerInvariant()}", checkpoint.Digest);
    }

    private static long Align(int bytes) => (bytes + 63) / 64 * 64;
}
