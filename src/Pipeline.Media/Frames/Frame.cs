namespace Pipeline.Media;

/// <summary>One decoded picture, as a good player shows it. Dispose it: its memory is counted and goes back to a pool.</summary>
public sealed class Frame : IDisposable
{
    private PixelBuffer? _pixels;

    internal Frame(PixelBuffer pixels, int width, int height, TimeSpan time, bool truncated)
    {
        _pixels = pixels.Share();
        Width = width;
        Height = height;
        Time = time;
        Truncated = truncated;
    }

    /// <summary>Decoded pictures alive in this process; repeats of one picture share its memory and count once.</summary>
    public static int Live => MediaMeters.FramesAlive;

    public int Width { get; }

    public int Height { get; }

    /// <summary>Presentation time, as the file counts.</summary>
    public TimeSpan Time { get; }

    /// <summary>On the last frame of a file: whether the file holds less than it announces.</summary>
    public bool Truncated { get; }

    /// <summary>Rows of <see cref="Width"/> pixels, 3 bytes each (red, green, blue), without padding.</summary>
    public ReadOnlyMemory<byte> Rgb =>
        (_pixels ?? throw new ObjectDisposedException(nameof(Frame))).Memory[..(3 * Width * Height)];

    public void Dispose() => Interlocked.Exchange(ref _pixels, null)?.Dispose();
}
