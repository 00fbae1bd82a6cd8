namespace Pipeline.Engine.Decoding;

/// <summary>How full the decoder is, now and at most since the start; written by its actor, read by anyone.</summary>
public sealed class DecoderMeters
{
    private readonly Lock _lock = new();

    public int Sessions { get; private set; }

    public int PeakSessions { get; private set; }

    /// <summary>Sessions that wait for admission.</summary>
    public int Waiting { get; private set; }

    /// <summary>KV pages of open sessions, over both kinds of attention.</summary>
    public int Pages { get; private set; }

    public int PeakPages { get; private set; }

    internal void Report(int sessions, int waiting, int pages)
    {
        lock (_lock)
        {
            (Sessions, Waiting, Pages) = (sessions, waiting, pages);
            PeakSessions = Math.Max(PeakSessions, sessions);
            PeakPages = Math.Max(PeakPages, pages);
        }
    }
}
