using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Names one call of <see cref="IExperts.Begin"/>.</summary>
public readonly record struct ExpertTicket(long Id);

/// <summary>Routed rows of one layer and where their results go.</summary>
/// <param name="Input">[rows, hidden], normed and unscaled.</param>
/// <param name="Routing">Experts and scores of each row.</param>
/// <param name="Rows">Rows that count.</param>
/// <param name="Inner">Scratch [rows * slots, inner].</param>
/// <param name="Output">[rows * slots, hidden]: one unsummed row an assignment.</param>
public readonly record struct ExpertRows(
    DeviceBuffer Input, DeviceRouting Routing, int Rows, DeviceBuffer Inner, DeviceBuffer Output);

/// <summary>Where the routed experts of a layer are computed. The shared expert runs between the two calls.</summary>
public interface IExperts
{
    /// <summary>Starts the experts of a layer on these rows. The buffers stay untouched until the ticket has ended.</summary>
    ExpertTicket Begin(int layer, in ExpertRows rows);

    /// <summary>True once all output rows are written; never blocks.</summary>
    bool TryEnd(ExpertTicket ticket);
}

/// <summary>All experts on the model's own device: done when <see cref="Begin"/> returns.</summary>
public sealed class LocalExperts(TextModel model) : IExperts
{
    public ExpertTicket Begin(int layer, in ExpertRows rows)
    {
        var moe = model.Layers[layer].Moe ?? throw new ArgumentException($"Layer {layer} has no experts.", nameof(layer));
        model.Device.ExpertRows(rows.Input, rows.Routing, rows.Rows, moe.Experts, rows.Inner, rows.Output);
        return default;
    }

    public bool TryEnd(ExpertTicket ticket) => true;
}
