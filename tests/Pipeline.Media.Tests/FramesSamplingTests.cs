using System.Security.Cryptography;

namespace Pipeline.Media.Tests;

/// <summary>Which frames are taken, in all kinds of time lines.</summary>
public sealed class FramesSamplingTests : MediaLab
{
    [Theory]
    [InlineData(24, 8)]
    [InlineData(50, 8)]
    [InlineData(15, 8)]
    [InlineData(2, 8)]
    [InlineData(1, 8)]
    [InlineData(9, 9)]
    [InlineData(30, 2)]
    [InlineData(30, 45)]
    public async Task An_even_clip_gives_evenly_spaced_frames(int frames, int count)
    {
        var clip = Clip("clip.mp4", frames, "-pix_fmt", "yuv420p");
        Assert.Equal(Even(frames, count), await NumbersAsync(clip, count));
    }

    [Fact]
    public async Task A_single_frame_of_a_video_is_its_first() =>
        Assert.Equal([0], await NumbersAsync(Clip("clip.mp4", 20, "-pix_fmt", "yuv420p"), 1));

    [SharedFact("reference/eval/video-000.mp4")]
    public async Task Frames_equal_those_of_a_plain_decode()
    {
        var reference = SharedData.PathOf("reference/eval/video-000.mp4");
        Ffmpeg("-i", reference, "-f", "rawvideo", "-pix_fmt", "rgb24", "all.rgb");
        var all = await File.ReadAllBytesAsync(At("all.rgb"));
        var size = 224 * 224 * 3;
        var expected = Enumerable.Range(0, 8).Select(index => (int)Math.Round(index * 23 / 7.0, MidpointRounding.ToEven))
            .Select(index => Convert.ToHexString(SHA256.HashData(all.AsSpan(index * size, size))));
        Assert.Equal(expected, await ReadAsync(reference, 8, frame => Convert.ToHexString(SHA256.HashData(frame.Rgb.Span))));
    }
}
