using System.Text.RegularExpressions;

namespace Pipeline.Media;

/// <summary>What ffmpeg's and ffprobe's own messages mean for the user.</summary>
internal static partial class MediaErrors
{
    /// <summary>Whether a demuxer reported that the file ends too early.</summary>
    public static bool TellCutShort(ErrorTail errors) => errors.Mentions("partial file") || errors.Mentions("ended prematurely");

    /// <summary>ffprobe refused the file as a whole.</summary>
    public static PipelineException NotMedia(MediaSource source, ErrorTail errors, MediaOptions options)
    {
        if (errors.Mentions("not on whitelist"))
        {
            return new PipelineException(
                "media.format-refused", $"{source.GivenPath}: files of this format are not read",
                "convert it to mp4, mkv, webm, png or jpeg");
        }

        if (errors.Mentions("moov atom not found") && source.Format is not null)
        {
            return new PipelineException(
                "media.truncated", $"{source.GivenPath}: truncated before its index (moov), nothing can be decoded", "copy it again");
        }

        return TooLarge(source, errors, options) ?? TooOld(errors) ?? (source.Format is { } format
            ? new PipelineException("media.damaged", $"{source.GivenPath}: damaged {format.Name} file ({errors.Reason})", "copy it again")
            : new PipelineException(
                "media.not-media", $"{source.GivenPath}: not a picture or video", "name a media file, such as mp4, mkv, webm, png or jpeg"));
    }

    /// <summary>No frame came: the installed ffmpeg has no decoder or filter for them, they are too large, or they are damaged.</summary>
    public static PipelineException NotDecodable(MediaSource source, VideoStream stream, ErrorTail errors, MediaOptions options) =>
        TooLarge(source, errors, options)
            ?? TooOld(errors)
            ?? (source.Format == FileSignature.AnimatedWebP ? NoDecoder(source, source.Format.Name)
            : stream.Codec is "" or "unknown" or "none" ? NoDecoder(source, $"video of type {stream.CodecTag}")
            : errors.Mentions("Decoder (codec") ? NoDecoder(source, stream.Codec)
            : NoFrames(source, errors));

    private static PipelineException NoDecoder(MediaSource source, string what) => new(
        "media.no-decoder", $"{source.GivenPath}: the installed ffmpeg can't decode {what}", "convert it, or install a newer ffmpeg");

    private static PipelineException? TooOld(ErrorTail errors) =>
        (errors.Find("Unrecognized option") ?? errors.Find("No such filter")) is { } lack
            ? new PipelineException(
                "media.ffmpeg-unfit", $"the installed ffmpeg lacks what is needed ({lack})", "install ffmpeg 5.1 or newer with libzimg")
            : null;

    public static PipelineException NoFrames(MediaSource source, ErrorTail? errors = null) => new(
        "media.no-frames",
        $"{source.GivenPath}: no frames that decode{(errors?.Reason is { } reason ? $" ({reason})" : "")}",
        "the file is damaged or empty; copy or convert it again");

    /// <exception cref="PipelineException"><c>media.too-large</c>.</exception>
    public static void RefuseBeyond(long limit, MediaSource source, int width, int height)
    {
        if ((long)width * height > limit)
        {
            throw TooLarge(source, $"{width}x{height}", limit);
        }
    }

    private static PipelineException? TooLarge(MediaSource source, ErrorTail errors, MediaOptions options) =>
        errors.Find("Picture size ") is { } line && PictureSize().Match(line) is { Success: true } match
            ? TooLarge(source, match.Groups["size"].Value, options.MaxPixels)
            : null;

    private static PipelineException TooLarge(MediaSource source, string size, long limit) => new(
        "media.too-large", $"{source.GivenPath}: {size} is beyond pipeline.media.max-pixels ({limit})", "scale it down, or raise pipeline.media.max-pixels");

    [GeneratedRegex(@"Picture size (?<size>\d+x\d+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PictureSize();
}
