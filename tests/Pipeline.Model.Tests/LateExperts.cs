namespace Pipeline.Model.Tests;

/// <summary>Local experts that say some times that they are not done yet, and once, if told so, that they cannot be reached.</summary>
internal sealed class LateExperts(TextModel model, int refusals) : IExperts
{
    private readonly LocalExperts _local = new(model);
    private int _refused;

    /// <summary>Thrown, if set, instead of ending the ticket of this number, counted from 1.</summary>
    public PipelineException? Failure { get; init; }

    public int FailsAt { get; init; }

    public int Begun { get; private set; }

    public int Ended { get; private set; }

    public int Abandoned { get; private set; }

    public ExpertTicket Begin(int layer, in ExpertRows rows)
    {
        _refused = 0;
        Begun++;
        _local.Begin(layer, rows);
        return new ExpertTicket(Begun);
    }

    public bool TryEnd(ExpertTicket ticket)
    {
        if (_refused++ < refusals)
        {
            return false;
        }

        if (Failure is not null && ticket.Id == FailsAt)
        {
            throw Failure;
        }

        Ended++;
        return true;
    }

    public void Abandon(ExpertTicket ticket)
    {
        // An assertion would allocate.
        Abandoned += ticket.Id == Begun ? 1 : throw new InvalidOperationException("Another ticket is out.");
    }
}
