using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>Elements of all tensors of one kind, and the bytes that a device holds of them.</summary>
public readonly record struct KindSize(TensorKind Kind, long Parameters, long Bytes);

/// <summary>How large a model is.</summary>
/// <param name="Kinds">One entry a kind that occurs, in the order of <see cref="TensorKind"/>.</param>
/// <param name="Parameters">All parameters; tied ones count once.</param>
/// <param name="ActiveParameters">Parameters of the decoder that one token passes through: all but the routed experts it does not take.</param>
/// <param name="Bytes">Bytes of all of them on a device: as stored, unless they are quantized.</param>
public sealed record ModelSummary(IReadOnlyList<KindSize> Kinds, long Parameters, long ActiveParameters, long Bytes)
{
    /// <summary>Sizes of the model that a config describes, as if stored in BF16; no file is needed.</summary>
    public static ModelSummary Of(Llama4Config config, Quantization quantization = Quantization.None)
    {
        var claims = new TensorClaims(catalog: null, quantization, _ => false);
        new Llama4TensorReader(config, claims).Read();
        return Of(config.Text, claims.Sizes);
    }

    internal static ModelSummary Of(TextConfig text, IReadOnlyList<KindSize> tensors)
    {
        var kinds = tensors.GroupBy(tensor => tensor.Kind).OrderBy(group => group.Key)
            .Select(group => new KindSize(group.Key, group.Sum(tensor => tensor.Parameters), group.Sum(tensor => tensor.Bytes))).ToArray();
        var active = kinds.Where(kind => kind.Kind is not (TensorKind.Vision or TensorKind.Projector)).Sum(kind =>
            kind.Kind == TensorKind.RoutedExperts ? kind.Parameters / text.Experts * text.ExpertsPerToken : kind.Parameters);
        return new ModelSummary(kinds, kinds.Sum(kind => kind.Parameters), active, kinds.Sum(kind => kind.Bytes));
    }
}
