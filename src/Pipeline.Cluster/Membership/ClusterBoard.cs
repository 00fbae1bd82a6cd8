namespace Pipeline.Cluster.Membership;

/// <summary>What this process knows of the cluster at one moment. Immutable.</summary>
/// <param name="Nodes">States of all members, this one included, by name; <see cref="NodePhase.Unreachable"/> as this process sees it.</param>
/// <param name="Placement">What the coordinator said last; null before it said anything.</param>
internal sealed record ClusterView(IReadOnlyList<NodeState> Nodes, PlacementNews? Placement)
{
    public static ClusterView Empty { get; } = new([], null);
}

/// <summary>The newest view: written by the <see cref="NodeActor"/>, read from any thread.</summary>
internal sealed class ClusterBoard
{
    private volatile ClusterView _view = ClusterView.Empty;

    /// <summary>There is a new view. Called by the actor; handlers return at once.</summary>
    public event Action? Changed;

    public ClusterView View => _view;

    public void Publish(ClusterView view)
    {
        _view = view;
        Changed?.Invoke();
    }
}
