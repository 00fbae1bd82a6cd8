using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

/// <summary>Bytes and operations, against the tensors' own sizes.</summary>
public sealed class ModelCostTests : IDisposable
{
    private static readonly RandomCheckpointOptions s_options = new() { Type = StoredType.BF16, MoeStep = 2, TopK = 2 };

    private readonly TemporaryFolder _folder = new();
    private readonly CpuTeam _team = new(1);

    public void Dispose()
    {
        _team.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, Quantization.None)]
    [InlineData(true, Quantization.None)]
    [InlineData(true, Quantization.Int8)]
    [InlineData(false, Quantization.Int4)]
    public void EveryTensorIsCountedOnce(bool tied, Quantization quantization)
    {
        var (cost, kinds) = Cost(s_options with { Tied = tied, TextOnly = true }, quantization);
        var routed = kinds[TensorKind.RoutedExperts].Bytes;
        var step = kinds.Values.Where(kind => kind.Kind is not (TensorKind.Embedding or TensorKind.RoutedExperts)).Sum(kind => kind.Bytes)
            + (tied ? kinds[TensorKind.Embedding].Bytes : 0);

        Assert.Equal(step, cost.StepBytes);
        Assert.Equal([0, routed / 8, 0, routed / 8], cost.ExpertBytes);
        Assert.Equal(kinds.Values.Sum(kind => kind.Bytes), cost.WeightBytes);
    }

    [Fact]
    public void AToken_PassesItsActiveWeights_AndTheKeysItSees()
    {
        var (cost, kinds) = Cost(s_options);
        var rows = kinds[TensorKind.Attention].Parameters + kinds[TensorKind.Dense].Parameters + kinds[TensorKind.SharedExpert].Parameters
            + kinds[TensorKind.Router].Parameters + (kinds[TensorKind.RoutedExperts].Parameters / s_options.Experts * s_options.TopK);
        var aKey = 4.0 * s_options.Heads * s_options.HeadSize;

        // Layers 0 to 2 see the chunk of 32 that position 40 lies in, layer 3 everything.
        var keys = (3 * 9) + 41;

        Assert.Equal((2.0 * rows) + (aKey * keys), cost.TextOperations(40, 41, outputs: 0));
        Assert.Equal(2.0 * kinds[TensorKind.Head].Parameters, cost.TextOperations(0, 1, outputs: 1) - cost.TextOperations(0, 1, outputs: 0));
        Assert.Equal(cost.TextOperations(0, 50, 1), cost.TextOperations(0, 20, 0) + cost.TextOperations(20, 50, 1), tolerance: 1);
        Assert.Equal(keys * 2 * sizeof(float) * s_options.KvHeads * s_options.HeadSize, cost.KeyValueBytes(40));
    }

    [Fact]
    public void ATile_PassesTheEncoderOnceAPatch_AndTheProjectorOnceAToken()
    {
        var (cost, _) = Cost(s_options);
        var (width, patches, tokens) = (s_options.VisionHiddenSize, 16, 4);
        var positions = patches + 1;
        var layer = (positions * 12.0 * width * width) + (2.0 * positions * positions * width);
        var projector = s_options.ProjectorSize;

        Assert.Equal(
            2 * ((patches * 3.0 * 14 * 14 * width) + (s_options.VisionLayers * layer)
                + (tokens * ((4.0 * width * projector) + (projector * projector) + (projector * s_options.HiddenSize)))),
            cost.TileOperations);
    }

    private (ModelCost Cost, Dictionary<TensorKind, KindSize> Kinds) Cost(
        RandomCheckpointOptions options, Quantization quantization = Quantization.None)
    {
        RandomCheckpoint.Write(_folder.Path, options);
        using var checkpoint = Checkpoint.Open(_folder.Path, quantization);
        using var device = new PortableDevice(_team);
        return (new ModelCost(new Llama4Model(device, checkpoint)), checkpoint.Summarize().Kinds.ToDictionary(kind => kind.Kind));
    }
}
