namespace Pipeline.Media;

/// <summary>Finds out where a video's frames lie with as little reading as serves, and whether seeking is cheaper than one pass.</summary>
internal sealed class SamplePlanner(FfmpegTools tools, MediaOptions options)
{
    /// <summary>Seconds that a target costs beside decoding when it is sought: two children, one to look and one to decode.</summary>
    private const double SecondsPerSeek = 0.2;

    /// <summary>Seconds a frame costs to decode: a fixed part, and 1080p at about 75 frames a second and thread.</summary>
    private const double SecondsPerFrame = 1e-4;
    private const double SecondsPerPixel = 1 / 150e6;

    /// <summary>Seconds of a film's end and around a target that are looked at first, and how both grow where that was not enough.</summary>
    private const double FirstTailSeconds = 10;
    private const double FirstWindowSeconds = 2;
    private const double Widening = 6;

    /// <summary>More frames than this are not listed, a day and a half at 30 a second: a hostile file must not fill the memory.</summary>
    private const int MaxFrames = 4_000_000;

    private readonly Ffprobe _ffprobe = new(tools, options);

    /// <summary>Plans <paramref name="count"/> frames of <paramref name="info"/>.</summary>
    /// <exception cref="PipelineException"><c>media.no-frames</c>: nothing decodes.</exception>
    public async Task<SamplePlan> PlanAsync(MediaInfo info, int count, CancellationToken cancellation)
    {
        if (!info.Packets.IsComplete && info.FrameCount > 0 && info.Duration > TimeSpan.Zero && SeekingIsCheaper(info, info.FrameCount, count))
        {
            return await PlanSparselyAsync(info, cancellation);
        }

        var packets = info.Packets.IsComplete ? info.Packets : await ListPacketsAsync(info, "%", atEnd: true, cancellation);
        return packets is { IsTrusted: true, Times.Length: > 0 }
            ? new SamplePlan(
                packets.Times[0], packets.Times[^1], packets.Times, SeekingIsCheaper(info, packets.Times.Length, count), info.IsCutShort)
            : await PlanByDecodingAsync(info, cancellation);
    }

    /// <summary>Decodes the whole file once to learn which frames there are; for files whose packets do not tell.</summary>
    public async Task<SamplePlan> PlanByDecodingAsync(MediaInfo info, CancellationToken cancellation)
    {
        var (times, errors) = await ListFramesAsync(info, [], [], cancellation);
        return times.Length > 0
            ? new SamplePlan(times[0], times[^1], times, BySeeking: false, info.IsCutShort || MediaErrors.TellCutShort(errors))
            : throw MediaErrors.NotDecodable(info.Source, info.Stream, errors, options);
    }

    /// <summary>The time of the frame nearest to <paramref name="target"/>, by the packets around it.</summary>
    public async Task<long> LocateAsync(MediaInfo info, SamplePlan plan, SampleTarget target, CancellationToken cancellation)
    {
        if (plan.Times is { } times)
        {
            return SampleTimes.Nearest(times, target);
        }

        var seconds = target.Ticks * info.Stream.TimeBase.Value;
        for (var window = FirstWindowSeconds; ; window *= Widening)
        {
            var (from, to) = (seconds - window, seconds + window);
            var coversAll = info.Stream.ToTicks(from) <= plan.First && info.Stream.ToTicks(to) > plan.Last;
            var packets = await ListPacketsAsync(info, Interval(Math.Max(from, 0), to), coversAll, cancellation);
            if (!packets.IsStamped)
            {
                (var decoded, _) = await ListFramesAsync(
                    info, DecodeCommand.SeekTo(info, from), ["-to", DecodeCommand.Seconds(to)], cancellation);
                packets = packets with { Times = decoded, Reach = coversAll ? long.MaxValue : info.Stream.ToTicks(to) - 1 };
            }

            if (packets.Times.Length == 0)
            {
                if (coversAll)
                {
                    throw MediaErrors.NoFrames(info.Source);
                }

                continue;
            }

            // Settled when none can hide that is nearer to the target, on either side.
            var nearest = SampleTimes.Nearest(packets.Times, target);
            if (coversAll || (target.Offset(packets.Times[0]) <= 0 && target.Offset(packets.Reach) >= Int128.Abs(target.Offset(nearest))))
            {
                return Math.Clamp(nearest, plan.First, plan.Last);
            }
        }
    }

    /// <summary>The time of the decoded frame nearest to <paramref name="time"/>, where the packet there gave none.</summary>
    public async Task<long> LocateByDecodingAsync(MediaInfo info, long time, CancellationToken cancellation)
    {
        var seconds = info.Stream.ToSeconds(time);
        string[] until = ["-to", DecodeCommand.Seconds(seconds + FirstTailSeconds)];
        var (times, _) = await ListFramesAsync(info, DecodeCommand.SeekTo(info, seconds - FirstTailSeconds), until, cancellation);
        return times.Length > 0 ? SampleTimes.Nearest(times, new SampleTarget(time, 1)) : throw MediaErrors.NoFrames(info.Source);
    }

    private static bool SeekingIsCheaper(MediaInfo info, long frames, int count)
    {
        var listed = Math.Max(info.Packets.Times.Length, 1);
        var groupOfPictures = (double)listed / Math.Max(info.Packets.KeyFrames, 1);
        var frameSeconds = SecondsPerFrame + ((double)info.Stream.Width * info.Stream.Height * SecondsPerPixel);
        return count * (SecondsPerSeek + (groupOfPictures * frameSeconds)) < frames * frameSeconds;
    }

    /// <summary>The first and last frame of a long film: its start and its end are decoded, nothing between.</summary>
    private async Task<SamplePlan> PlanSparselyAsync(MediaInfo info, CancellationToken cancellation)
    {
        var first = info.Packets is { IsTrusted: true, Times.Length: > 0 }
            ? info.Packets.Times[0]
            : (await ListFramesAsync(info, [], ["-frames:v", "1"], cancellation)).Times.FirstOrDefault(info.Stream.StartTime);
        var announcedEnd = info.Stream.ToSeconds(first) + info.Duration.TotalSeconds;
        for (var tail = FirstTailSeconds; ; tail *= Widening)
        {
            var from = announcedEnd - tail;
            if (from <= info.Stream.ToSeconds(first))
            {
                return await PlanByDecodingAsync(info, cancellation);
            }

            // Packets are cheap to list; only the end of what is there is decoded.
            var packets = await ListPacketsAsync(info, Interval(from, null), atEnd: true, cancellation);
            if (packets.Times.Length == 0)
            {
                continue;
            }

            var lastPacket = info.Stream.ToSeconds(packets.Times[^1]);
            var (times, errors) = await ListFramesAsync(
                info, DecodeCommand.SeekTo(info, Math.Max(from, lastPacket - FirstTailSeconds)), [], cancellation);
            if (times.Length > 0)
            {
                // Within one tail nothing is missing: the announced end is the container's, where sound may outlast the pictures.
                var isCutShort = info.IsCutShort || MediaErrors.TellCutShort(errors) || tail > FirstTailSeconds;
                return new SamplePlan(first, times[^1], null, BySeeking: true, isCutShort);
            }
        }
    }

    private async Task<PacketList> ListPacketsAsync(MediaInfo info, string interval, bool atEnd, CancellationToken cancellation)
    {
        var output = new ProbeOutput();
        string[] ask =
        [
            "-select_streams", info.Stream.Index.ToString(), "-read_intervals", interval,
            "-show_entries", "packet=stream_index,pts,dts,flags",
        ];
        await _ffprobe.AskAsync(info.Source, ask, AtMost(info, output.Add), cancellation);
        return PacketList.From(output.PacketsOf(info.Stream.Index), atEnd);
    }

    /// <summary>
    /// Decodes frames for their times alone. It is ffmpeg that does so, not ffprobe: it alone gives times to frames without one
    /// (AVI, raw streams), and gives the same ones again when the frames are read.
    /// </summary>
    private async Task<(long[] Times, ErrorTail Errors)> ListFramesAsync(
        MediaInfo info, IEnumerable<string> input, IEnumerable<string> output, CancellationToken cancellation)
    {
        var filters = string.Join(',', DecodeCommand.AnnounceTo(1));
        var arguments = DecodeCommand.Arguments(options, info, filters, input, [.. output, "-f", "null", "-"]);
        await using var process = new FfmpegProcess(tools.Ffmpeg, arguments, info.Path, options.ChildTimeout);
        var times = new List<long>();
        await process.ReadLinesAsync(AtMost(info, TakeTime), cancellation);
        await process.EndAsync(cancellation);
        return ([.. times.Distinct().Order()], process.Errors);

        void TakeTime(string line)
        {
            if (DecodeCommand.IsAnnouncement(line, out var time) && time is { } ticks)
            {
                times.Add(ticks);
            }
        }
    }

    private static Action<string> AtMost(MediaInfo info, Action<string> take)
    {
        var lines = 0;
        return line =>
        {
            if (++lines > MaxFrames)
            {
                throw new PipelineException(
                    "media.too-long", $"{info.Path}: more than {MaxFrames} frames would have to be listed", "cut it, or ask for fewer frames");
            }

            take(line);
        };
    }

    private static string Interval(double from, double? to) =>
        $"{DecodeCommand.Seconds(from)}%{(to is { } end ? DecodeCommand.Seconds(end) : "")}";
}
