namespace Pipeline.Media;

/// <summary>A fraction as ffmpeg writes one: <c>30000/1001</c>, or <c>4:3</c>; 0/1 where it does not know.</summary>
internal readonly record struct Fraction(long Numerator, long Denominator)
{
    public bool IsPositive => Numerator > 0 && Denominator > 0;

    public double Value => Denominator == 0 ? 0 : (double)Numerator / Denominator;

    public static Fraction Parse(string? text)
    {
        var parts = (text ?? "").Split('/', ':');
        return parts.Length == 2 && long.TryParse(parts[0], out var numerator) && long.TryParse(parts[1], out var denominator)
            ? new Fraction(numerator, denominator)
            : new Fraction(0, 1);
    }
}

/// <summary>What ffprobe says of the video stream that a player would show.</summary>
/// <param name="CodecTag">The container's own name of the codec, four letters, for codecs that ffmpeg does not know.</param>
/// <param name="Width">Pixels as stored.</param>
/// <param name="Height">Lines as stored.</param>
/// <param name="TimeBase">Seconds a tick of its time stamps.</param>
/// <param name="FrameRate">Average frames a second, 0/1 where unknown.</param>
/// <param name="AnnouncedFrames">Frames that the container's index promises, 0 where it has none.</param>
/// <param name="Duration">Ticks, 0 where unknown.</param>
internal sealed record VideoStream(
    int Index, string Codec, string CodecTag, int Width, int Height, string PixelFormat, Fraction SampleAspect, ColourTags Colour, string FieldOrder,
    Fraction TimeBase, Fraction FrameRate, long StartTime, long Duration, long AnnouncedFrames, bool IsDefault, bool HasAlphaLayer,
    string? DisplayMatrix)
{
    /// <summary>Whether pixels carry alpha. A palette may: its entries have four components.</summary>
    public bool HasAlpha => HasAlphaLayer || PixelFormat.StartsWith("yuva", StringComparison.Ordinal)
        || PixelFormat.StartsWith("gbrap", StringComparison.Ordinal)
        || PixelFormat is "rgba" or "bgra" or "argb" or "abgr" or "ya8" or "pal8" or "rgba64be" or "rgba64le" or "bgra64be" or "bgra64le"
            or "ya16be" or "ya16le";

    public TimeSpan ToTime(long ticks) => TimeBase.IsPositive
        ? TimeSpan.FromTicks((long)((Int128)ticks * TimeBase.Numerator * TimeSpan.TicksPerSecond / TimeBase.Denominator))
        : TimeSpan.Zero;

    public double ToSeconds(long ticks) => ticks * TimeBase.Value;

    public long ToTicks(double seconds) => (long)Math.Round(seconds / TimeBase.Value);
}

/// <summary>Colour as tagged: ffmpeg's names, <c>unknown</c> where untagged.</summary>
internal sealed record ColourTags(string Space, string Transfer, string Primaries, string Range)
{
    /// <summary>PQ or HLG: brightness that a screen of standard range can't show.</summary>
    public bool IsHdr => Transfer is "smpte2084" or "arib-std-b67";
}
