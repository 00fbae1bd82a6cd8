using System.Globalization;

namespace Pipeline.Media;

/// <summary>ffmpeg's filters that make of a stored frame the picture that a good player shows.</summary>
internal static class PictureFilters
{
    /// <summary>More times than this are not listed: all frames between are let through and dropped here.</summary>
    private const int MaxListedTimes = 1024;

    /// <summary>The chain for a picture.</summary>
    public static string ForImage(MediaInfo info) => string.Join(',', [.. DecodeCommand.AnnounceTo(2), .. Picture(info)]);

    /// <summary>The chain for the frames of a video at <paramref name="times"/> (ascending, ticks), and perhaps some between.</summary>
    public static string ForVideo(MediaInfo info, IReadOnlyList<long> times) => For(
        info,
        times.Count <= MaxListedTimes
            ? string.Join('+', times.Select(time => $"eq(pts,{time})"))
            : $"between(pts,{times[0]},{times[^1]})");

    /// <summary>The chain for the frames of a video from <paramref name="time"/> (ticks) on.</summary>
    public static string From(MediaInfo info, long time) => For(info, $"gte(pts,{time})");

    private static string For(MediaInfo info, string condition) =>
        string.Join(',', [.. Deinterlace(info.Stream), $"select='{condition}'", .. DecodeCommand.AnnounceTo(2), .. Picture(info)]);

    /// <summary>
    /// Frames flagged as interlaced are made whole, unless the stream says that there are none. bwdif needs a frame's neighbours, so it
    /// comes before any selection; it halves the time base, which is set back. Interlaced video is YUV; other forms would be converted.
    /// </summary>
    private static string[] Deinterlace(VideoStream stream) =>
        stream.FieldOrder != "progressive" && stream.PixelFormat.StartsWith("yuv", StringComparison.Ordinal)
            ? ["bwdif=mode=send_frame:deint=interlaced", $"settb={stream.TimeBase.Numerator}/{stream.TimeBase.Denominator}"]
            : [];

    private static IEnumerable<string> Picture(MediaInfo info)
    {
        var (width, height) = info.Orientation.SwapsSides() ? (info.Height, info.Width) : (info.Width, info.Height);
        return
        [
            .. info.Stream.Colour.IsHdr ? ToneMap(info.Stream.Colour) : [],
            $"scale=w={width}:h={height}{(info.Stream.Colour.IsHdr ? "" : ":in_color_matrix=" + Matrix(info.Stream))}",
            $"format={PixelFormat(info)}",
            .. info.Orientation.Filters(),
        ];
    }

    /// <summary>Of a pixel in the pipe; alpha is composed by whoever reads it, on white.</summary>
    private static string PixelFormat(MediaInfo info) => info.Stream.HasAlpha ? "rgba" : "rgb24";

    /// <summary>Untagged colour is BT.601 below 720 lines and BT.709 from there, as players assume; WebP is always BT.601.</summary>
    private static string Matrix(VideoStream stream) => stream.Colour.Space switch
    {
        "bt709" => "bt709",
        "smpte170m" or "bt470bg" => "bt601",
        "bt2020nc" or "bt2020c" => "bt2020",
        "smpte240m" => "smpte240m",
        "fcc" => "fcc",
        _ => stream.Height < 720 || stream.Codec == "webp" ? "bt601" : "bt709",
    };

    /// <summary>
    /// To linear light in units of 100 nits, to BT.709's primaries, through the Hable curve up to 1000 nits (what films are usually
    /// mastered for), back to a display's levels.
    /// </summary>
    private static string[] ToneMap(ColourTags colour)
    {
        var primaries = Tagged(colour.Primaries, "bt2020");
        var matrix = Tagged(colour.Space, "bt2020nc");
        var range = colour.Range == "pc" ? "full" : "limited";
        return
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"zscale=transferin={colour.Transfer}:primariesin={primaries}:matrixin={matrix}:rangein={range}:transfer=linear:npl=100"),
            "format=gbrpf32le",
            "zscale=primaries=bt709",
            "tonemap=tonemap=hable:desat=0:peak=10",
            "zscale=transfer=bt709:matrix=gbr:range=full",
            "format=gbrp",
        ];
    }

    private static string Tagged(string value, string otherwise) => value is "" or "unknown" or "reserved" ? otherwise : value;
}
