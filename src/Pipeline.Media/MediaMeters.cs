namespace Pipeline.Media;

/// <summary>What this process holds at the moment, counted for leak checks and metrics.</summary>
public static class MediaMeters
{
    private static int _children;
    private static int _frames;

    /// <summary>ffmpeg and ffprobe processes started and not yet ended.</summary>
    public static int ChildrenAlive => Volatile.Read(ref _children);

    /// <summary>Decoded pictures whose memory is not yet returned.</summary>
    public static int FramesAlive => Volatile.Read(ref _frames);

    internal static void ChildStarted() => Interlocked.Increment(ref _children);

    internal static void ChildEnded() => Interlocked.Decrement(ref _children);

    internal static void FrameRented() => Interlocked.Increment(ref _frames);

    internal static void FrameReturned() => Interlocked.Decrement(ref _frames);
}
