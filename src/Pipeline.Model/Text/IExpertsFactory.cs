namespace Pipeline.Model;

/// <summary>Makes the experts of each pass of a model.</summary>
public interface IExpertsFactory
{
    /// <summary>Whether experts are computed by the model's own weights: where not, the model is loaded without routed experts.</summary>
    bool OnDevice { get; }

    /// <param name="model">The model, on its device; called on the device's thread.</param>
    /// <param name="urgent">A decode pass: its rows go before those of prompts.</param>
    /// <param name="wake">To be called, from any thread, when a ticket may be done; a spurious call is harmless.</param>
    IExperts Create(TextModel model, bool urgent, Action wake);
}
