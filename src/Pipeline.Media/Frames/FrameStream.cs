using System.Buffers;
using System.Threading.Channels;

namespace Pipeline.Media;

/// <summary>One ffmpeg process that decodes some frames of a file; each is read when asked for, none before.</summary>
internal sealed class FrameStream : IAsyncDisposable
{
    private readonly MediaInfo _info;
    private readonly TimeSpan _limit;
    private readonly FfmpegProcess _process;

    // Needs no bound: ffmpeg tells a time for each frame that it writes, and waits where frames are not read.
    private readonly Channel<long> _times = Channel.CreateUnbounded<long>();

    private FrameStream(
        FfmpegTools tools, MediaOptions options, MediaInfo info, string filters, IEnumerable<string> input, IEnumerable<string> output)
    {
        _info = info;
        _limit = options.ChildTimeout;
        var arguments = DecodeCommand.Arguments(options, info, filters, input, [.. output, "-f", "rawvideo", "pipe:1"]);
        _process = new FfmpegProcess(tools.Ffmpeg, arguments, info.Path, options.ChildTimeout, TakeTime);
    }

    /// <summary>What ffmpeg complained about.</summary>
    public ErrorTail Errors => _process.Errors;

    /// <summary>The one frame of a picture.</summary>
    public static FrameStream OfImage(FfmpegTools tools, MediaOptions options, MediaInfo info) =>
        new(tools, options, info, PictureFilters.ForImage(info), [], ["-frames:v", "1"]);

    /// <summary>The frames at <paramref name="times"/> (ascending, ticks), and perhaps some between, decoded from the start.</summary>
    public static FrameStream OfVideo(FfmpegTools tools, MediaOptions options, MediaInfo info, IReadOnlyList<long> times) =>
        new(tools, options, info, PictureFilters.ForVideo(info, times), [], []);

    /// <summary>The first frame at or after <paramref name="time"/> (ticks), decoded from the key frame before <paramref name="seconds"/>.</summary>
    public static FrameStream At(FfmpegTools tools, MediaOptions options, MediaInfo info, long time, double seconds) =>
        new(tools, options, info, PictureFilters.From(info, time),
            DecodeCommand.SeekTo(info, seconds), ["-frames:v", "1"]);

    /// <summary>Reads the next frame into <paramref name="rgb"/> and returns its time in ticks, or null at the end.</summary>
    public async Task<long?> ReadAsync(Memory<byte> rgb, CancellationToken cancellation)
    {
        var complete = _info.Stream.HasAlpha
            ? await ReadOnWhiteAsync(rgb, cancellation)
            : await _process.ReadAsync(rgb, cancellation) == rgb.Length;

        // ffmpeg tells a frame's time before it writes the frame, so the line is on its way.
        return complete ? await _times.Reader.ReadAsync(cancellation).AsTask().WaitAsync(_limit, cancellation) : null;
    }

    /// <summary>Awaits ffmpeg's end after the last frame; false where it reported failure.</summary>
    public Task<bool> EndAsync(CancellationToken cancellation) => _process.EndAsync(cancellation);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<bool> ReadOnWhiteAsync(Memory<byte> rgb, CancellationToken cancellation)
    {
        const int pixels = 16384;
        var rgba = ArrayPool<byte>.Shared.Rent(4 * pixels);
        try
        {
            for (var rest = rgb; !rest.IsEmpty;)
            {
                var count = Math.Min(pixels, rest.Length / 3);
                if (await _process.ReadAsync(rgba.AsMemory(0, 4 * count), cancellation) < 4 * count)
                {
                    return false;
                }

                ComposeOnWhite(rgba.AsSpan(0, 4 * count), rest.Span);
                rest = rest[(3 * count)..];
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    private static void ComposeOnWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (var (from, to) = (0, 0); from < rgba.Length; from += 4, to += 3)
        {
            int alpha = rgba[from + 3];
            for (var channel = 0; channel < 3; channel++)
            {
                rgb[to + channel] = (byte)(((rgba[from + channel] * alpha) + (255 * (255 - alpha)) + 127) / 255);
            }
        }
    }

    private bool TakeTime(string line)
    {
        var taken = DecodeCommand.IsAnnouncement(line, out var time);
        if (time is { } ticks)
        {
            _times.Writer.TryWrite(ticks);
        }

        return taken;
    }
}
