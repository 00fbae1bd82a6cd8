using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>What a tensor is for.</summary>
public enum TensorKind
{
    Embedding,
    Attention,
    Router,
    SharedExpert,
    RoutedExperts,
    Dense,
    Norm,
    Vision,
    Projector,
    Head,
}

/// <summary>
/// Takes tensors out of a catalog by name and shape, and keeps account: what is missing, misshapen or left over at the end
/// makes one message. Without a catalog every tensor counts as present, in BF16, at no address: for sizes without files.
/// </summary>
/// <param name="catalog">Where the tensors are.</param>
/// <param name="quantization">How weights of the language model's products are loaded.</param>
/// <param name="maps">The kinds whose weights get addresses, and are thereby mapped; the others are only checked.</param>
internal sealed class TensorClaims(TensorCatalog? catalog, Quantization quantization, Func<TensorKind, bool> maps)
{
    private readonly HashSet<string> _claimed = new(StringComparer.Ordinal);
    private readonly List<string> _missing = [];
    private readonly List<string> _misshapen = [];
    private readonly List<KindSize> _sizes = [];

    /// <summary>Elements, and bytes on a device, of everything claimed so far, one entry a tensor.</summary>
    public IReadOnlyList<KindSize> Sizes => _sizes;

    public bool Has(string name) => catalog?.Find(name) is not null;

    /// <summary>A vector: one output row.</summary>
    public WeightSpec Vector(TensorKind kind, string name, int length) => Spec(kind, Claim(kind, name, length), 1, length);

    /// <summary>A matrix stored [outputs, inputs].</summary>
    public WeightSpec Matrix(TensorKind kind, string name, int outputs, int inputs) => Spec(kind, Claim(kind, name, outputs, inputs), outputs, inputs);

    /// <summary>Claims one matrix [outputs, inputs] an expert, each a tensor of its own; all of one type.</summary>
    public ClaimedTensor[] Experts(TensorKind kind, Func<int, string> nameOf, int experts, int outputs, int inputs)
    {
        var tensors = Enumerable.Range(0, experts).Select(i => Claim(kind, nameOf(i), outputs, inputs)).ToArray();
        foreach (var other in tensors.Where(tensor => tensor.Format != tensors[0].Format))
        {
            _misshapen.Add($"{other.Name} is {other.Format}, expert 0 is {tensors[0].Format}");
        }

        return tensors;
    }

    /// <summary>Claims a tensor [experts, inputs, columns].</summary>
    public ClaimedTensor Fused(TensorKind kind, string name, int experts, int inputs, int columns) => Claim(kind, name, experts, inputs, columns);

    /// <summary>Marks tensors as known that hold nothing to compute with.</summary>
    public void Ignore(Func<string, bool> isIgnored) =>
        _claimed.UnionWith(catalog?.All.Select(tensor => tensor.Name).Where(isIgnored) ?? []);

    /// <exception cref="PipelineException">Anything was missing, misshapen or unexpected; one message lists it all.</exception>
    public void RequireComplete(string directory)
    {
        var unexpected = catalog is null ? [] : catalog.All.Select(tensor => tensor.Name).Where(name => !_claimed.Contains(name)).ToArray();
        var problems = string.Join("; ", new[] { Count("missing", _missing), Count("misshapen", _misshapen), Count("unexpected", unexpected) }.OfType<string>());
        if (problems.Length > 0)
        {
            throw new PipelineException(
                "checkpoint.tensors",
                $"{directory}: the weights do not fit config.json: {problems}",
                "Weights and config.json belong to different models, or a file is missing: fetch the checkpoint anew.");
        }
    }

    /// <summary>Whether weights of a kind get addresses.</summary>
    public bool Maps(TensorKind kind) => maps(kind);

    /// <summary>What keeps claimed weights in memory.</summary>
    public object Owner => catalog ?? (object)this;

    private static string? Count(string what, IReadOnlyCollection<string> items) =>
        items.Count == 0 ? null : $"{items.Count} {what}: {MessageList.Of(items)}";

    private ClaimedTensor Claim(TensorKind kind, string name, params long[] shape)
    {
        _claimed.Add(name);
        if (catalog is null)
        {
            return Account(kind, name, tensor: null, NumberFormat.BF16, shape);
        }

        if (catalog.Find(name) is not { } tensor)
        {
            _missing.Add($"{name} {TensorInfo.Describe(shape)}");
            return new ClaimedTensor(name, Tensor: null, NumberFormat.BF16, Quantization.None);
        }

        if (FormatOf(tensor.Type) is not { } format || !tensor.Shape.SequenceEqual(shape))
        {
            _misshapen.Add($"{name} is {tensor.Type.Label()} {TensorInfo.Describe(tensor.Shape)}, not F32, F16 or BF16 {TensorInfo.Describe(shape)}");
            return new ClaimedTensor(name, Tensor: null, NumberFormat.BF16, Quantization.None);
        }

        return Account(kind, name, tensor, format, shape);
    }

    /// <param name="shape">[length], [outputs, inputs] or [experts, inputs, outputs].</param>
    private ClaimedTensor Account(TensorKind kind, string name, TensorInfo? tensor, NumberFormat format, long[] shape)
    {
        var count = shape.Aggregate(1L, (product, dimension) => product * dimension);
        var inputs = shape.Length == 1 ? shape[0] : shape[1];
        var held = shape.Length > 1 && IsQuantized(kind) ? quantization : Quantization.None;
        _sizes.Add(new KindSize(kind, count, WeightSpec.BytesOf(held, format, count / inputs, (int)inputs)));
        return new ClaimedTensor(name, tensor, format, held);
    }

    /// <summary>
    /// Nearly all that a token reads. A router's errors would choose other experts, and the head's go straight into the choice of the
    /// token (it may also be the embedding); vision has so many rows that reading its weights costs little.
    /// </summary>
    private static bool IsQuantized(TensorKind kind) =>
        kind is TensorKind.Attention or TensorKind.SharedExpert or TensorKind.RoutedExperts or TensorKind.Dense;

    private static NumberFormat? FormatOf(StoredType type) => type switch
    {
        StoredType.F32 => NumberFormat.F32,
        StoredType.F16 => NumberFormat.F16,
        StoredType.BF16 => NumberFormat.BF16,
        _ => null,
    };

    private WeightSpec Spec(TensorKind kind, ClaimedTensor tensor, int outputs, int inputs) => new(
        tensor.Name,
        outputs,
        inputs,
        tensor.Format,
        WeightOrientation.OutputsByInputs,
        [new WeightPart(Maps(kind) ? tensor.Address : 0, inputs)],
        Owner,
        tensor.Quantization);
}

/// <summary>A tensor that was asked for; without one where the claim failed, or where there are no files.</summary>
internal readonly record struct ClaimedTensor(string Name, TensorInfo? Tensor, NumberFormat Format, Quantization Quantization)
{
    /// <summary>Of its first element; asking maps it.</summary>
    public nint Address => Tensor?.Address ?? 0;
}
