using CsCheck;

namespace Pipeline.Media.Tests;

/// <summary>Time lines that are not even, do not start at zero, are long, or end early.</summary>
public sealed class FramesTimeTests : MediaLab
{
    /// <summary>Lists no more than this, so that short test files are planned as films are.</summary>
    private static readonly MediaOptions _shortSighted = Defaults with { ProbePackets = 64 };

    [Fact]
    public void The_nearest_time_is_chosen_and_the_earlier_of_two() =>
        Gen.Select(Gen.Long[-50, 50].Array[1, 20], Gen.Int[1, 30]).Sample((raw, count) =>
        {
            long[] times = [.. raw.Distinct().Order()];
            var chosen = SampleTimes.Choose(times, count);
            for (var index = 0; index < count; index++)
            {
                // In units of 1/steps ticks, so that nothing is rounded.
                long steps = Math.Max(count - 1, 1);
                var target = (times[0] * steps) + ((times[^1] - times[0]) * index);
                Assert.Equal(times.MinBy(time => (Math.Abs((time * steps) - target), time)), chosen[index]);
            }
        });

    [Theory]
    [InlineData("a.mkv")]
    [InlineData("a.mp4")]
    [InlineData("a.webm")]
    public async Task Variable_frame_rate(string name)
    {
        // Ten frames at 25 a second, then a frame every 0.4 s.
        string[] encoder = name == "a.webm" ? ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-b:v", "1M"] : ["-c:v", "libx264", "-bf", "2"];
        Ffmpeg(["-f", "lavfi", "-i", Barcode(20) + ",setpts='if(lt(N,10),N,10+(N-10)*10)/25/TB'", "-fps_mode", "passthrough", .. encoder, name]);
        long[] times = [.. Enumerable.Range(0, 20).Select(number => number < 10 ? number : 10L + ((number - 10) * 10L))];
        var expected = SampleTimes.Choose(times, 8).Select(time => Array.IndexOf(times, time));
        Assert.Equal(expected, await NumbersAsync(At(name), 8));
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("a.mkv")]
    [InlineData("a.ts")]
    public async Task A_start_other_than_zero(string name)
    {
        Clip(name, 30, "-c:v", "libx264", "-bf", "2", "-output_ts_offset", "100");
        Assert.InRange((await ProbeAsync(At(name))).Start.TotalSeconds, 99.9, 102);
        Assert.Equal(Even(30, 8), await NumbersAsync(At(name), 8));
    }

    [Fact]
    public async Task An_edit_list_hides_what_lies_before_it()
    {
        Clip("whole.mp4", 75, "-c:v", "libx264", "-g", "25", "-bf", "2");
        Ffmpeg("-ss", "1.2", "-i", "whole.mp4", "-c", "copy", "edited.mp4");
        Assert.Equal(Even(45, 8).Select(number => number + 30), await NumbersAsync(At("edited.mp4"), 8));
    }

    [Fact]
    public async Task A_recording_that_starts_between_key_frames()
    {
        Clip("whole.ts", 60, "-c:v", "mpeg2video", "-g", "20", "-q:v", "3", "-bf", "0");
        var bytes = File.ReadAllBytes(At("whole.ts"));
        var start = bytes.Length / 6 / 188 * 188;
        File.WriteAllBytes(At("cut.ts"), [.. bytes.AsSpan(0, 3 * 188), .. bytes.AsSpan(start)]);
        Assert.Equal(Even(40, 8).Select(number => number + 20), await NumbersAsync(At("cut.ts"), 8));
    }

    [Theory]
    [InlineData("a.mp4")]
    [InlineData("a.mkv")]
    [InlineData("a.ts")]
    [InlineData("a.avi")]
    public async Task A_film_is_sampled_by_exact_seeks(string name)
    {
        // AVI has no presentation times, and B-frames make them differ from what it has.
        var (codec, part) = name == "a.avi" ? ("mpeg4", "part.avi") : ("libx264", "part.mkv");
        Clip(part, 500, "-c:v", codec, "-q:v", "3", "-bf", "2", "-g", "50");
        Ffmpeg("-r", "25", "-stream_loop", "119", "-i", part, "-c", "copy", name);
        var info = await ProbeAsync(At(name), _shortSighted);
        Assert.InRange(info.FrameCount, 59_900, 60_100);
        var seen = await ReadAsync(At(name), 8, frame => (Number(frame), (frame.Time - info.Start).TotalSeconds, frame.Truncated), _shortSighted);
        foreach (var ((number, seconds, truncated), index) in seen.Select((item, index) => (item, index)))
        {
            Assert.InRange(seconds, (index * 59_999 / 7.0 / 25) - 0.1, (index * 59_999 / 7.0 / 25) + 0.1);
            var apart = Math.Abs(number - ((int)Math.Round(seconds * 25) % 500));
            Assert.InRange(Math.Min(apart, 500 - apart), 0, name == "a.mp4" ? 0 : 2);
            Assert.False(truncated);
        }

        Assert.Equal((0, 499), (seen[0].Item1, seen[^1].Item1));
    }

    [Fact]
    public async Task A_long_gap_between_frames_hides_no_nearer_one()
    {
        // A slide show: a frame each 40 s or so, all key frames, then a burst.
        Ffmpeg("-f", "lavfi", "-i", Barcode(400) + ",setpts='if(lt(N,300),N*1000+mod(N*337,500),300000+N)/25/TB'", "-fps_mode", "passthrough",
            "-c:v", "libx264", "-g", "2", "-bf", "0", "a.mkv");
        long[] times = [.. Enumerable.Range(0, 400).Select(number => number < 300 ? (number * 1000L) + (number * 337 % 500) : 300_000L + number)];
        var expected = SampleTimes.Choose(times, 8).Select(time => Array.IndexOf(times, time));
        Assert.Equal(expected, await NumbersAsync(At("a.mkv"), 8, _shortSighted));
    }

    [Theory]
    [InlineData("cut.mp4", 0.5)]
    [InlineData("cut.mp4", 0.8)]
    [InlineData("cut.mkv", 0.6)]
    [InlineData("cut.avi", 0.6)]
    public async Task A_truncated_file_gives_what_decodes(string name, double share)
    {
        string[] index = name == "cut.mp4" ? ["-movflags", "+faststart"] : [];
        Clip("whole" + name[3..], 100, ["-q:v", "2", "-b:v", "1M", "-g", "25", .. index]);
        var bytes = File.ReadAllBytes(At("whole" + name[3..]));
        File.WriteAllBytes(At(name), bytes[..(int)(bytes.Length * share)]);
        Ffmpeg("-v", "quiet", "-i", name, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "all.gray");
        var decoded = (int)(new FileInfo(At("all.gray")).Length / (BarcodeWidth * 32));
        Assert.InRange(decoded, 10, 95);
        var seen = await ReadAsync(At(name), 8, frame => (Number(frame), frame.Truncated));
        Assert.Equal(Even(decoded, 8).SkipLast(1), seen.Select(frame => frame.Item1).SkipLast(1));
        Assert.Equal([false, false, false, false, false, false, false, true], seen.Select(frame => frame.Truncated));
    }

    [Fact]
    public async Task A_truncated_film_gives_what_is_there()
    {
        Clip("part.mp4", 500, "-c:v", "libx264", "-g", "50");
        Ffmpeg("-stream_loop", "119", "-i", "part.mp4", "-c", "copy", "-movflags", "+faststart", "whole.mp4");
        using (var file = File.OpenWrite(At("whole.mp4")))
        {
            file.SetLength(file.Length * 6 / 10);
        }

        var seen = await ReadAsync(At("whole.mp4"), 8, frame => (frame.Time.TotalSeconds, frame.Truncated), _shortSighted);
        Assert.Equal(8, seen.Count);
        Assert.InRange(seen[^1].TotalSeconds, 200, 2000);
        Assert.True(seen[^1].Truncated);
    }

    [Fact]
    public async Task A_picture_cut_short_is_shown_and_told()
    {
        Ffmpeg("-f", "lavfi", "-i", "testsrc=s=640x480", "-frames:v", "1", "whole.jpg");
        var bytes = File.ReadAllBytes(At("whole.jpg"));
        File.WriteAllBytes(At("cut.jpg"), bytes[..(bytes.Length / 2)]);
        Assert.Equal([true], await ReadAsync(At("cut.jpg"), 8, frame => frame.Truncated));
        Assert.Equal([false], await ReadAsync(At("whole.jpg"), 8, frame => frame.Truncated));
    }
}
