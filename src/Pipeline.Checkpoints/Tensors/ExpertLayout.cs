using Pipeline.Kernels;

namespace Pipeline.Checkpoints;

/// <summary>Gives the address of a range of a stored tensor.</summary>
/// <param name="start">First byte of the range.</param>
internal delegate nint PlaceRange(ClaimedTensor tensor, long start, long bytes);

/// <summary>How the routed experts of one layer are stored.</summary>
internal abstract class ExpertLayout(TextConfig text)
{
    /// <summary>Stored bytes of one expert's gate, up and down.</summary>
    public abstract long ExpertBytes { get; }

    protected int Hidden => text.HiddenSize;

    protected int Inner => text.IntermediateSize;

    /// <summary>All experts, where their whole tensors lie.</summary>
    public RoutedTensors All(object owner) =>
        Some([.. Enumerable.Range(0, text.Experts)], (tensor, start, _) => tensor.Tensor is null ? 0 : tensor.Address + (nint)start, owner);

    /// <summary>Some experts, each where <paramref name="place"/> puts it; part i is expert <c>experts[i]</c>.</summary>
    public abstract RoutedTensors Some(IReadOnlyList<int> experts, PlaceRange place, object owner);
}

/// <summary>x @ W matrices: gate_up_proj [experts, hidden, 2 x inner], gate in the left half of the columns; down_proj [experts, inner, hidden].</summary>
internal sealed class FusedExperts(ClaimedTensor gateUp, ClaimedTensor down, TextConfig text) : ExpertLayout(text)
{
    public override long ExpertBytes => GateUpBytes + DownBytes;

    private long GateUpBytes => 2L * Hidden * Inner * gateUp.Format.Size();

    private long DownBytes => (long)Hidden * Inner * down.Format.Size();

    public override RoutedTensors Some(IReadOnlyList<int> experts, PlaceRange place, object owner)
    {
        var gates = experts.Select(expert => place(gateUp, expert * GateUpBytes, GateUpBytes)).ToArray();
        var downs = experts.Select(expert => place(down, expert * DownBytes, DownBytes)).ToArray();
        return new RoutedTensors(
            Columns(gateUp, gates, firstColumn: 0),
            Columns(gateUp, gates, firstColumn: Inner),
            new WeightSpec(
                down.Name,
                Hidden,
                Inner,
                down.Format,
                WeightOrientation.InputsByOutputs,
                [.. downs.Select(address => new WeightPart(address, Hidden))],
                owner,
                down.Quantization));

        WeightSpec Columns(ClaimedTensor fused, nint[] addresses, int firstColumn) => new(
            fused.Name,
            Inner,
            Hidden,
            fused.Format,
            WeightOrientation.InputsByOutputs,
            [.. addresses.Select(address => new WeightPart(address + (firstColumn * fused.Format.Size()), 2L * Inner))],
            owner,
            fused.Quantization);
    }
}

/// <summary>Three Linear weights an expert, each a tensor of its own.</summary>
internal sealed class SeparateExperts(ClaimedTensor[] gate, ClaimedTensor[] up, ClaimedTensor[] down, TextConfig text) : ExpertLayout(text)
{
    public override long ExpertBytes => (long)Hidden * Inner * (gate[0].Format.Size() + up[0].Format.Size() + down[0].Format.Size());

    public override RoutedTensors Some(IReadOnlyList<int> experts, PlaceRange place, object owner)
    {
        return new RoutedTensors(Linear(gate, Inner, Hidden), Linear(up, Inner, Hidden), Linear(down, Hidden, Inner));

        WeightSpec Linear(ClaimedTensor[] tensors, int outputs, int inputs) => new(
            tensors[0].Name,
            outputs,
            inputs,
            tensors[0].Format,
            WeightOrientation.OutputsByInputs,
            [.. experts.Select(expert => new WeightPart(place(tensors[expert], 0, (long)outputs * inputs * tensors[expert].Format.Size()), inputs))],
            owner,
            tensors[0].Quantization);
    }
}
