namespace Pipeline.Cluster.Shards;

/// <summary>One routed expert of one layer.</summary>
/// <param name="Layer">Index among all layers of the decoder.</param>
/// <param name="Expert">Index among the experts of the layer.</param>
public readonly record struct ExpertId(int Layer, int Expert);
