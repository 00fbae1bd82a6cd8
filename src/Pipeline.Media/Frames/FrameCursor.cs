namespace Pipeline.Media;

/// <summary>Goes through a video from target to target, in one pass or by seeks, and finds another frame where one does not decode.</summary>
internal sealed class FrameCursor(
    FfmpegTools tools, MediaOptions options, SamplePlanner planner, MediaInfo info, SamplePlan plan, int count) : IAsyncDisposable
{
    /// <summary>How far before its frame a seek starts, in seconds, where the demuxer landed too late.</summary>
    private static readonly double[] _seekMargins = [0, 10, 60];

    private SamplePlan _plan = plan;
    private FrameStream? _pass;
    private bool _wasDecoded;
    private (int Index, long Time) _located = (-1, 0);

    /// <summary>Time of the frame read last, in ticks.</summary>
    public long Time { get; private set; } = long.MinValue;

    /// <summary>Whether the file was found to hold less than it announces.</summary>
    public bool IsCutShort => _plan.IsCutShort;

    /// <summary>Whether target <paramref name="index"/> takes the frame read last once more.</summary>
    public async Task<bool> IsRepeatedAsync(int index, CancellationToken cancellation) => await LocateAsync(index, cancellation) <= Time;

    /// <summary>Reads the frame of target <paramref name="index"/> into <paramref name="rgb"/>.</summary>
    public Task ReadAsync(int index, Memory<byte> rgb, CancellationToken cancellation) =>
        _plan.BySeeking ? SeekAsync(index, rgb, cancellation) : PassAsync(index, rgb, cancellation);

    public ValueTask DisposeAsync() => _pass?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<long> LocateAsync(int index, CancellationToken cancellation)
    {
        if (_located.Index != index)
        {
            var target = SampleTimes.Target(_plan.First, _plan.Last, index, count);
            _located = (index, await planner.LocateAsync(info, _plan, target, cancellation));
        }

        return _located.Time;
    }

    private async Task PassAsync(int index, Memory<byte> rgb, CancellationToken cancellation)
    {
        var wanted = await LocateAsync(index, cancellation);
        _pass ??= FrameStream.OfVideo(tools, options, info, Remaining(index));
        long? time;
        do
        {
            time = await _pass.ReadAsync(rgb, cancellation);
        }
        while (time < wanted);

        if (time != wanted)
        {
            await ReplanAsync(_pass, atEnd: time is null, cancellation);
            await PassAsync(index, rgb, cancellation);
            return;
        }

        Time = wanted;
    }

    /// <summary>The times that are still to come, each once.</summary>
    private long[] Remaining(int index) => [.. SampleTimes.Choose(_plan.Times!, count).Skip(index).Distinct()];

    /// <summary>A packet gave no frame: from here on, only times of frames that were seen to decode are asked for.</summary>
    private async Task ReplanAsync(FrameStream pass, bool atEnd, CancellationToken cancellation)
    {
        if (atEnd)
        {
            await pass.EndAsync(cancellation);
        }

        if (_wasDecoded)
        {
            throw MediaErrors.NoFrames(info.Source, pass.Errors);
        }

        await pass.DisposeAsync();
        (_pass, _wasDecoded, _located) = (null, true, (-1, 0));
        var seen = await planner.PlanByDecodingAsync(info, cancellation);
        _plan = seen with { IsCutShort = seen.IsCutShort || seen.Last < _plan.Last };
    }

    private async Task SeekAsync(int index, Memory<byte> rgb, CancellationToken cancellation)
    {
        var wanted = await LocateAsync(index, cancellation);
        if (!await SeekToAsync(wanted, rgb, cancellation))
        {
            var seen = await planner.LocateByDecodingAsync(info, wanted, cancellation);
            if (!await SeekToAsync(seen, rgb, cancellation))
            {
                throw MediaErrors.NoFrames(info.Source);
            }
        }
    }

    private async Task<bool> SeekToAsync(long time, Memory<byte> rgb, CancellationToken cancellation)
    {
        foreach (var margin in _seekMargins)
        {
            await using var stream = FrameStream.At(tools, options, info, time, info.Stream.ToSeconds(time) - margin);
            var found = await stream.ReadAsync(rgb, cancellation);
            if (found == time)
            {
                Time = time;
                return true;
            }

            if (found is null)
            {
                await stream.EndAsync(cancellation);
            }
        }

        return false;
    }
}
