using System.Runtime.CompilerServices;

namespace Pipeline.Media;

/// <summary>
/// Reads frames out of files, one for each demand. One reader serves a process: its <c>media.frames-in-flight</c> bounds the
/// decoded pictures of all files together; a read waits until an earlier frame is disposed.
/// </summary>
public sealed class FrameReader(FfmpegTools tools, MediaOptions options) : IDisposable
{
    private readonly SemaphoreSlim _budget = new(options.FramesInFlight);
    private readonly SamplePlanner _planner = new(tools, options);

    /// <summary>
    /// Reads <paramref name="frames"/> frames of a video, in order of time, or the one of a picture. Target times are even from the
    /// first to the last frame that decodes, both included (a single one is the first); each takes the nearest frame, the earlier
    /// of two; repeats stay. Dispose each frame; give up early by disposing the enumerator, which kills the child.
    /// </summary>
    /// <exception cref="PipelineException">Nothing decodes, or a child hung or was killed.</exception>
    public IAsyncEnumerable<Frame> ReadAsync(MediaInfo info, int frames, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        return info.Kind == MediaKind.Image ? ReadImageAsync(info, cancellation) : ReadVideoAsync(info, frames, cancellation);
    }

    public void Dispose() => _budget.Dispose();

    private async IAsyncEnumerable<Frame> ReadImageAsync(MediaInfo info, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var pixels = await RentAsync(info, cancellation);
        await using var stream = FrameStream.OfImage(tools, options, info);
        var found = await stream.ReadAsync(pixels.Memory, cancellation) is not null;
        await stream.EndAsync(cancellation);
        yield return found
            ? new Frame(pixels, info.Width, info.Height, TimeSpan.Zero, truncated: !stream.Errors.IsEmpty)
            : throw MediaErrors.NotDecodable(info.Source, info.Stream, stream.Errors, options);
    }

    private async IAsyncEnumerable<Frame> ReadVideoAsync(
        MediaInfo info, int count, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var plan = await _planner.PlanAsync(info, count, cancellation);
        await using var cursor = new FrameCursor(tools, options, _planner, info, plan, count);
        PixelBuffer? pixels = null;
        try
        {
            for (var index = 0; index < count; index++)
            {
                if (pixels is null || !await cursor.IsRepeatedAsync(index, cancellation))
                {
                    // The last frame's memory is given back before more is asked for: readers never wait for each other in a ring.
                    pixels?.Dispose();
                    pixels = null;
                    pixels = await RentAsync(info, cancellation);
                    await cursor.ReadAsync(index, pixels.Memory, cancellation);
                }

                var truncated = cursor.IsCutShort && index == count - 1;
                yield return new Frame(pixels, info.Width, info.Height, info.Stream.ToTime(cursor.Time), truncated);
            }
        }
        finally
        {
            pixels?.Dispose();
        }
    }

    private Task<PixelBuffer> RentAsync(MediaInfo info, CancellationToken cancellation) =>
        PixelBuffer.RentAsync(_budget, checked(3 * info.Width * info.Height), cancellation);
}
