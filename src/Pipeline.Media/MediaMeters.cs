namespace Pipeline.Media;

/// <summary>What this process holds at the moment, counted for leak checks and metrics.</summary>
public static class MediaMeters
{
    private static int _children;
    private static int _frames;
    private static int _peakFrames;

    /// <summary>ffmpeg and ffprobe processes started and not yet ended.</summary>
    public static int ChildrenAlive => Volatile.Read(ref _children);

    /// <summary>Decoded pictures whose memory is not yet returned.</summary>
    public static int FramesAlive => Volatile.Read(ref _frames);

    /// <summary>Most decoded pictures alive at once since the start, or since <see cref="ResetPeak"/>.</summary>
    public static int PeakFramesAlive => Volatile.Read(ref _peakFrames);

    public static void ResetPeak() => Volatile.Write(ref _peakFrames, FramesAlive);

    internal static void ChildStarted() => Interlocked.Increment(ref _children);

    internal static void ChildEnded() => Interlocked.Decrement(ref _children);

    internal static void FrameRented()
    {
        var alive = Interlocked.Increment(ref _frames);
        int peak;
        while (alive > (peak = PeakFramesAlive) && Interlocked.CompareExchange(ref _peakFrames, alive, peak) != peak)
        {
        }
    }

    internal static void FrameReturned() => Interlocked.Decrement(ref _frames);
}
