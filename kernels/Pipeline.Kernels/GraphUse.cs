namespace Pipeline.Kernels;

/// <summary>Whether decode steps go to a GPU as graphs: one call of the driver a step in place of one a kernel.</summary>
public enum GraphUse
{
    /// <summary>Where the driver makes them and they compute what single launches do.</summary>
    Auto,
    Off,
}
