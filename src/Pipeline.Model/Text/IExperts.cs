using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Names one call of <see cref="IExperts.Begin"/>.</summary>
public readonly record struct ExpertTicket(long Id);

/// <summary>Routed rows of one layer and where their results go.</summary>
/// <param name="Input">[rows, hidden], normed and unscaled.</param>
/// <param name="Routing">Experts and scores of each row.</param>
/// <param name="Rows">Rows that count.</param>
/// <param name="Inner">Scratch [rows * slots, inner]; null where the model was loaded without routed experts.</param>
/// <param name="Output">[rows * slots, hidden]: one unsummed row an assignment.</param>
public readonly record struct ExpertRows(
    DeviceBuffer Input, DeviceRouting Routing, int Rows, DeviceBuffer? Inner, DeviceBuffer Output);

/// <summary>
/// Where the routed experts of a layer are computed, for one pass. The shared expert runs between begin and end. Called by the
/// device's thread alone; a pass has at most one ticket out.
/// </summary>
public interface IExperts
{
    /// <summary>Starts the experts of a layer on these rows. The buffers stay untouched until the ticket has ended.</summary>
    ExpertTicket Begin(int layer, in ExpertRows rows);

    /// <summary>True once all output rows are written; never blocks. The ticket has then ended.</summary>
    /// <exception cref="PipelineException">The experts are out of reach (kind <see cref="FailureKind.Outside"/>): the ticket has ended, and the step is dropped.</exception>
    bool TryEnd(ExpertTicket ticket);

    /// <summary>The step was dropped: the ticket has ended, its rows are not wanted, and nothing is written to its buffers any more.</summary>
    void Abandon(ExpertTicket ticket);
}
