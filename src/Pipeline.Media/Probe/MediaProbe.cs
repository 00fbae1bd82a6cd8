namespace Pipeline.Media;

/// <summary>Finds out what a file is, with one ffprobe process, without decoding more of it than its format needs.</summary>
public sealed class MediaProbe(FfmpegTools tools, MediaOptions options)
{
    private const string Entries =
        "format=format_name,nb_streams,duration"
        + ":stream=index,codec_name,codec_tag_string,width,height,pix_fmt,sample_aspect_ratio,color_space,color_transfer,color_primaries,color_range,"
        + "field_order,time_base,avg_frame_rate,start_pts,duration_ts,nb_frames"
        + ":stream_disposition=default:stream_tags=alpha_mode:stream_side_data=displaymatrix"
        + ":packet=stream_index,pts,dts,flags";

    private readonly Ffprobe _ffprobe = new(tools, options);

    /// <summary>Probes the file at <paramref name="path"/>.</summary>
    /// <exception cref="PipelineException">The file is missing, unreadable, no media, without pictures, or too large.</exception>
    public async Task<MediaInfo> ProbeAsync(string path, CancellationToken cancellation)
    {
        var source = MediaSource.Open(path);
        var output = new ProbeOutput();

        // V leaves out cover art, which ffmpeg lists as a video stream.
        string[] ask =
        [
            "-select_streams", "V", "-show_entries", Entries, "-read_intervals", $"%+#{options.ProbePackets}",
        ];
        var (errors, succeeded) = await _ffprobe.AskAsync(source, ask, output.Add, cancellation);
        if (!succeeded)
        {
            throw MediaErrors.NotMedia(source, errors, options);
        }

        if (output.StreamCount == 0)
        {
            throw MediaErrors.NoFrames(source);
        }

        var stream = ChooseStream(output, source, errors);
        var packets = PacketList.From(output.PacketsOf(stream.Index), output.PacketCount < options.ProbePackets);
        if (!errors.IsEmpty || (packets.IsComplete && packets.Times.Length < stream.AnnouncedFrames))
        {
            packets = packets with { IsTrusted = false };
        }

        return Describe(source, output, stream, packets) with
        {
            IsCutShort = MediaErrors.TellCutShort(errors)
                || (packets.IsComplete && !IsMov(output) && packets.Times.Length < stream.AnnouncedFrames),
        };
    }

    /// <summary>A player shows the stream marked as default, else the one with most pixels, else the first.</summary>
    private VideoStream ChooseStream(ProbeOutput output, MediaSource source, ErrorTail errors)
    {
        if (output.Streams.Count == 0)
        {
            throw new PipelineException(
                "media.no-video", $"{source.GivenPath}: no video stream (audio only)", "name a file that has pictures");
        }

        var stream = output.Streams.OrderByDescending(stream => stream.IsDefault)
            .ThenByDescending(stream => (long)stream.Width * stream.Height)
            .First();
        return stream.Width <= 0 || stream.Height <= 0 || stream.Codec is "unknown" or "none"
            ? throw MediaErrors.NotDecodable(source, stream, errors, options)
            : stream;
    }

    private MediaInfo Describe(MediaSource source, ProbeOutput output, VideoStream stream, PacketList packets)
    {
        var kind = source.Format is { IsPicture: true } && packets is { IsComplete: true, Times.Length: <= 1 }
            ? MediaKind.Image
            : MediaKind.Video;
        var orientation = stream.DisplayMatrix is { } matrix ? OrientationRules.FromDisplayMatrix(matrix) : ExifOrientation.Read(source);
        var (width, height) = ShownSize(stream, kind);
        MediaErrors.RefuseBeyond(options.MaxPixels, source, stream.Width, stream.Height);
        MediaErrors.RefuseBeyond(options.MaxPixels, source, width, height);
        var duration = kind == MediaKind.Image ? 0 : stream.Duration > 0 ? stream.ToSeconds(stream.Duration) : output.DurationSeconds;
        var frames = packets.IsComplete ? packets.Times.Length
            : stream.AnnouncedFrames > 0 ? stream.AnnouncedFrames
            : (long)(duration * stream.FrameRate.Value);
        return new MediaInfo(source, stream, packets)
        {
            Kind = kind,
            Width = orientation.SwapsSides() ? height : width,
            Height = orientation.SwapsSides() ? width : height,
            Start = stream.ToTime(packets.Times.Length > 0 ? packets.Times[0] : stream.StartTime),
            Duration = TimeSpan.FromSeconds(Math.Clamp(duration, 0, TimeSpan.MaxValue.TotalSeconds / 2)),
            FrameCount = frames,
            Orientation = orientation,
        };
    }

    /// <summary>
    /// The size in square pixels, before turning: a video's width is stretched by its sample aspect ratio. A picture's is not:
    /// what JPEG and PNG write there is a printer's resolution, and viewers ignore it.
    /// </summary>
    private static (int Width, int Height) ShownSize(VideoStream stream, MediaKind kind)
    {
        var width = kind == MediaKind.Video && stream.SampleAspect.IsPositive
            ? Math.Round(stream.Width * stream.SampleAspect.Value, MidpointRounding.AwayFromZero)
            : stream.Width;
        return ((int)Math.Clamp(width, 1, int.MaxValue), stream.Height);
    }

    private static bool IsMov(ProbeOutput output) => output.FormatName.StartsWith("mov", StringComparison.Ordinal);
}
