using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Media;

/// <summary>ffmpeg's arguments for decoding a file's video stream, and how frames tell their times.</summary>
internal static partial class DecodeCommand
{
    /// <summary>Arguments that decode <paramref name="info"/> through <paramref name="filters"/>, with the file's own time stamps.</summary>
    /// <param name="input">Further options of the input, in front of it.</param>
    /// <param name="output">Further options of the output, and the output.</param>
    public static IReadOnlyList<string> Arguments(
        MediaOptions options, MediaInfo info, string filters, IEnumerable<string> input, IEnumerable<string> output) =>
    [
        "-v", "error", "-hide_banner", "-nostdin", "-nostats", "-copyts", "-noautorotate",
        .. Ffprobe.InputGuards(info.Source, options),
        .. AlphaDecoder(info.Stream),
        .. input,
        "-i", info.Source.Url,
        "-map", $"0:{info.Stream.Index}",
        "-filter_threads", options.ChildThreads.ToString(),
        "-fps_mode", "passthrough",
        "-vf", filters,
        .. output,
    ];

    /// <summary>
    /// Input options that start at the key frame before <paramref name="seconds"/>, as the file counts; none close to the start,
    /// where seeking saves nothing and some demuxers (AVI in 5.1) land behind the first key frame.
    /// </summary>
    public static IReadOnlyList<string> SeekTo(MediaInfo info, double seconds)
    {
        const double closeToStart = 3;
        return seconds < info.Start.TotalSeconds + closeToStart ? [] : ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", Seconds(seconds)];
    }

    public static string Seconds(double seconds) => seconds.ToString("0.######", CultureInfo.InvariantCulture);

    /// <summary>Filters that write each frame's time to the child's <paramref name="pipe"/> (1: output, 2: error output).</summary>
    public static IEnumerable<string> AnnounceTo(int pipe) =>
        ["metadata=mode=add:key=frame:value=1", $@"metadata=mode=print:key=frame:file=pipe\\:{pipe}:direct=1"];

    /// <summary>Whether <paramref name="line"/> is written by <see cref="AnnounceTo"/>; its time in ticks, if it has one.</summary>
    public static bool IsAnnouncement(string line, out long? time)
    {
        var match = AnnouncedTime().Match(line);

        // A picture file has no clock: its frame's time is written in letters.
        time = !match.Success ? null
            : long.TryParse(match.Groups["time"].ValueSpan, CultureInfo.InvariantCulture, out var ticks) ? ticks
            : 0;
        return match.Success || line == "frame=1";
    }

    /// <summary>ffmpeg's own VP8 and VP9 decoders leave out the alpha layer that WebM keeps beside the picture.</summary>
    private static string[] AlphaDecoder(VideoStream stream) => (stream.HasAlphaLayer, stream.Codec) switch
    {
        (true, "vp9") => ["-c:v", "libvpx-vp9"],
        (true, "vp8") => ["-c:v", "libvpx"],
        _ => [],
    };

    [GeneratedRegex(
        @"frame:\d+ +pts:(?<time>\S+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AnnouncedTime();
}
