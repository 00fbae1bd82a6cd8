namespace Pipeline.Cluster.Wire;

/// <summary>All calls of one ticket. The list is the pass's; what has come of it is the table's.</summary>
/// <param name="urgent">Whether a decode step waits for it.</param>
/// <param name="wake">Called when the exchange may be ended, from any thread.</param>
internal sealed class ExpertExchange(bool urgent, Action wake)
{
    public bool Urgent => urgent;

    public Action Wake => wake;

    public List<ExpertCall> Calls { get; } = [];

    // ---- the table's ----

    /// <summary>Calls without an answer.</summary>
    public int Remaining { get; set; }

    /// <summary>Why it cannot succeed any more.</summary>
    public PipelineException? Failure { get; set; }
}
