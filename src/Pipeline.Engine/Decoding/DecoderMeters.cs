using Pipeline.Engine.Running;

namespace Pipeline.Engine.Decoding;

/// <summary>What an engine's decoders did since the start, and how full they are, now and at most; written by their actors, read by anyone.</summary>
public sealed class DecoderMeters
{
    private readonly Lock _lock = new();
    private readonly Dictionary<DeviceThread, (int Sessions, int Waiting, int Pages)> _decoders = [];
    private long _steps;
    private long _tokens;

    /// <summary>Decode steps that are done.</summary>
    public long Steps => Volatile.Read(ref _steps);

    /// <summary>Tokens generated, stop tokens among them.</summary>
    public long Tokens => Volatile.Read(ref _tokens);

    public int Sessions { get; private set; }

    public int PeakSessions { get; private set; }

    /// <summary>Sessions that wait for admission.</summary>
    public int Waiting { get; private set; }

    /// <summary>KV pages of open sessions, over both kinds of attention.</summary>
    public int Pages { get; private set; }

    public int PeakPages { get; private set; }

    internal void CountStep() => Interlocked.Increment(ref _steps);

    internal void CountToken() => Interlocked.Increment(ref _tokens);

    /// <summary>How full the decoder of one device is now.</summary>
    internal void Report(DeviceThread thread, int sessions, int waiting, int pages)
    {
        lock (_lock)
        {
            _decoders[thread] = (sessions, waiting, pages);
            (Sessions, Waiting, Pages) = (_decoders.Values.Sum(decoder => decoder.Sessions), _decoders.Values.Sum(decoder => decoder.Waiting), _decoders.Values.Sum(decoder => decoder.Pages));
            PeakSessions = Math.Max(PeakSessions, sessions);
            PeakPages = Math.Max(PeakPages, pages);
        }
    }
}
