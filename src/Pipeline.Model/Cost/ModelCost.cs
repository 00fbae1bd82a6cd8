using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>
/// What a model must read and compute at least, from its weights as the device holds them: the measure of how fast it could be.
/// Counted are products and attention; norms, softmax and the like are left out. A multiply-add is two operations.
/// </summary>
public sealed class ModelCost
{
    private readonly TextConfig _text;
    private readonly double _rowProducts;
    private readonly double _headProduct;

    public ModelCost(Llama4Model model)
    {
        var text = model.Text;
        _text = text.Config;
        foreach (var weight in text.Layers.SelectMany(EveryRow))
        {
            StepBytes += weight.Bytes;
            _rowProducts += Product(weight);
        }

        _headProduct = Product(text.Head);
        StepBytes += text.Head.Bytes + text.FinalNorm.Bytes;
        _rowProducts += text.Layers.Where(layer => layer.Moe is not null)
            .Sum(layer => _text.ExpertsPerToken * ExpertWeights(layer).Sum(Product));
        ExpertBytes = [.. text.Layers.Select(layer => ExpertWeights(layer).Sum(weight => weight.Bytes) / Math.Max(1, _text.Experts))];
        WeightBytes = StepBytes + (ReferenceEquals(text.Head, text.Embedding) ? 0 : text.Embedding.Bytes)
            + text.Layers.Sum(layer => ExpertWeights(layer).Sum(weight => weight.Bytes));
        if (model.Vision is { } vision)
        {
            TileOperations = Tile(vision);
            WeightBytes += vision.Layers.SelectMany(Linears).Sum(linear => linear.Weight.Bytes)
                + new[] { vision.PatchEmbedding, vision.PositionalEmbedding, vision.AdapterFc1, vision.AdapterFc2, vision.Projector }.Sum(weight => weight.Bytes);
        }
    }

    /// <summary>All weights on the device; vectors of the vision encoder, which are small, are left out.</summary>
    public long WeightBytes { get; }

    /// <summary>Weights that every step with an output reads, whatever its rows: all but the embedding and the routed experts.</summary>
    public long StepBytes { get; }

    /// <summary>Of each layer, the bytes of one routed expert; 0 for a dense layer.</summary>
    public IReadOnlyList<long> ExpertBytes { get; }

    /// <summary>Operations of one tile through encoder, adapter and projector; 0 without vision.</summary>
    public double TileOperations { get; }

    /// <summary>Operations of the positions from <paramref name="first"/> up to <paramref name="end"/> of one sequence.</summary>
    /// <param name="first">The first position.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="outputs">Positions among them whose logits are wanted.</param>
    public double TextOperations(int first, int end, int outputs)
    {
        var keys = 0.0;
        for (var position = first; position < end; position++)
        {
            keys += VisibleKeys(position);
        }

        return ((end - first) * _rowProducts) + (outputs * _headProduct) + (4 * keys * _text.Heads * _text.HeadSize);
    }

    /// <summary>Bytes of keys and values, float32, that a row at this position attends to, over all layers.</summary>
    public long KeyValueBytes(int position) => VisibleKeys(position) * 2 * sizeof(float) * _text.KvHeads * _text.HeadSize;

    /// <summary>Keys that a row at this position sees, summed over the layers.</summary>
    private long VisibleKeys(int position) => _text.LayerConfigs.Sum(layer =>
        layer.Chunked && _text.AttentionChunkSize is { } chunk ? (position % chunk) + 1L : position + 1L);

    /// <summary>Weights of a layer that every row passes through.</summary>
    private static IEnumerable<DeviceWeight> EveryRow(TextLayer layer)
    {
        var attention = layer.Attention;
        var mlp = layer.Dense ?? layer.Moe!.Shared;
        return new[]
        {
            layer.InputNorm, layer.PostAttentionNorm, attention.Query.Weight, attention.Key.Weight, attention.Value.Weight,
            attention.Output.Weight, mlp.Gate, mlp.Up, mlp.Down, layer.Moe?.Router,
        }.OfType<DeviceWeight>();
    }

    private static IEnumerable<DeviceWeight> ExpertWeights(TextLayer layer) =>
        layer.Moe?.Experts is { } experts ? [experts.Gate, experts.Up, experts.Down] : [];

    private static Linear[] Linears(VisionLayer layer) =>
        [layer.Attention.Query, layer.Attention.Key, layer.Attention.Value, layer.Attention.Output, layer.Fc1, layer.Fc2];

    /// <summary>Of a row and one part; a norm's weight multiplies nothing.</summary>
    private static double Product(DeviceWeight weight) => weight.Spec.Outputs == 1 ? 0 : 2.0 * weight.Spec.Outputs * weight.Spec.Inputs;

    private static double Tile(VisionModel vision)
    {
        var config = vision.Config;
        var (patches, positions, tokens) = ((double)config.PatchesPerTile, config.Positions(), config.TokensPerTile);
        var layers = vision.Layers.Sum(layer =>
            Linears(layer).Sum(linear => positions * Product(linear.Weight)) + (4.0 * positions * positions * config.HiddenSize));
        return (patches * Product(vision.PatchEmbedding)) + layers
            + (tokens * (Product(vision.AdapterFc1) + Product(vision.AdapterFc2) + Product(vision.Projector)));
    }
}
