using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>What one call of a pass's Advance left behind.</summary>
public enum PassState
{
    /// <summary>More half layers are to come.</summary>
    Running,

    /// <summary>Experts elsewhere are at work; Advance goes on once their ticket is done.</summary>
    Waiting,

    /// <summary>The experts could not be reached: the step is dropped, and may be written and started again.</summary>
    Failed,

    /// <summary>All is computed (on a GPU: enqueued).</summary>
    Done,
}

/// <summary>Sees a pass's activations as they are made: <c>layer.0</c> and so on, and <c>features</c> of the vision encoder.</summary>
/// <param name="name">Which activations.</param>
/// <param name="activations">[rows, columns]; read it before returning.</param>
/// <param name="rows">Rows that count.</param>
public delegate void PassProbe(string name, DeviceBuffer activations, int rows);
