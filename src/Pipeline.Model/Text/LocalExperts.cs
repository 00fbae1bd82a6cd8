namespace Pipeline.Model;

/// <summary>All experts on the model's own device: done when <see cref="Begin"/> returns.</summary>
public sealed class LocalExperts(TextModel model) : IExperts
{
    public ExpertTicket Begin(int layer, in ExpertRows rows)
    {
        var experts = model.Layers[layer].Moe?.Experts
            ?? throw new ArgumentException($"Layer {layer} has no routed experts here.", nameof(layer));
        model.Device.ExpertRows(rows.Input, rows.Routing, rows.Rows, experts, rows.Inner!, rows.Output);
        return default;
    }

    public bool TryEnd(ExpertTicket ticket) => true;

    public void Abandon(ExpertTicket ticket)
    {
        // Nothing is under way between two calls.
    }
}

/// <summary>The whole model on one device.</summary>
public sealed class LocalExpertsFactory : IExpertsFactory
{
    public bool OnDevice => true;

    public IExperts Create(TextModel model, bool urgent, Action wake) => new LocalExperts(model);
}
