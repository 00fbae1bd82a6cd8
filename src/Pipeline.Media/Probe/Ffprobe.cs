namespace Pipeline.Media;

/// <summary>Runs ffprobe over a file and reads what it lists.</summary>
internal sealed class Ffprobe(FfmpegTools tools, MediaOptions options)
{
    /// <summary>
    /// Demuxers that read one file and never another. Lists of files (hls, concat, dash, sdp, imf) and devices are not among them;
    /// those for sound alone are, so that such a file is told by its name.
    /// </summary>
    public const string Formats =
        "mov,matroska,avi,mpegts,mpeg,gif,apng,webp_pipe,png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,flv,ogg,asf,mxf,ivf,nut,dv,"
        + "m4v,mpegvideo,h264,hevc,av1,obu,mjpeg,aac,ac3,aiff,amr,caf,flac,mp3,wav,w64";

    /// <summary>Arguments in front of any input: the file protocol alone, listed formats alone, bounded pictures and threads.</summary>
    public static IEnumerable<string> InputGuards(MediaSource source, MediaOptions options) =>
    [
        "-protocol_whitelist", "file",
        "-format_whitelist", Formats,
        "-max_pixels", options.MaxPixels.ToString(),
        "-threads", options.ChildThreads.ToString(),
        .. source.Format is { } format ? new[] { "-f", format.Demuxer } : [],
    ];

    /// <summary>Asks for what <paramref name="arguments"/> name and hands each line to <paramref name="onLine"/>.</summary>
    /// <returns>What it wrote to its error output, and whether it reported success.</returns>
    public async Task<(ErrorTail Errors, bool Succeeded)> AskAsync(
        MediaSource source, IEnumerable<string> arguments, Action<string> onLine, CancellationToken cancellation)
    {
        string[] all = ["-v", "error", .. InputGuards(source, options), .. arguments, "-of", "compact", "-i", source.Url];
        await using var process = new FfmpegProcess(tools.Ffprobe, all, source.GivenPath, options.ChildTimeout);
        await process.ReadLinesAsync(onLine, cancellation);
        var succeeded = await process.EndAsync(cancellation);
        return (process.Errors, succeeded);
    }
}
