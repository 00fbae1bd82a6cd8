using Pipeline.Model;

namespace Pipeline.Bench;

/// <summary>Local experts that tell how many bytes of their weights were read: each expert that any row chose, once a layer.</summary>
internal sealed class CountingExperts(TextModel model, ModelCost cost) : IExperts
{
    private readonly LocalExperts _experts = new(model);

    /// <summary>Whether to count; it waits for the device, so not while time is taken.</summary>
    public bool Counts { get; set; }

    public long Bytes { get; private set; }

    public ExpertTicket Begin(int layer, in ExpertRows rows)
    {
        if (Counts)
        {
            var experts = new int[rows.Rows * rows.Routing.Slots];
            model.Device.Read(rows.Routing, rows.Rows, experts, new float[experts.Length]);
            Bytes += experts.Distinct().Count() * cost.ExpertBytes[layer];
        }

        return _experts.Begin(layer, rows);
    }

    public bool TryEnd(ExpertTicket ticket) => _experts.TryEnd(ticket);

    public void Abandon(ExpertTicket ticket) => _experts.Abandon(ticket);
}
