namespace Pipeline.Media.Tests;

/// <summary>Containers, codecs, names, kinds and streams.</summary>
public sealed class ProbeFormatTests : MediaLab
{
    public static TheoryData<string, string> Videos => new()
    {
        { "a.mp4", "-c:v libx264 -pix_fmt yuv420p" },
        { "a.mp4", "-c:v libx264 -pix_fmt yuv420p -bf 3 -g 12 -movflags frag_keyframe+empty_moov" },
        { "a.mp4", "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=error" },
        { "a.mp4", "-c:v mpeg4 -q:v 3" },
        { "a.mov", "-c:v prores_ks -pix_fmt yuv422p10le" },
        { "a.mov", "-c:v mjpeg -pix_fmt yuvj420p -q:v 3" },
        { "a.mov", "-c:v qtrle" },
        { "a.mkv", "-c:v libx264 -pix_fmt yuv444p" },
        { "a.mkv", "-c:v libsvtav1 -pix_fmt yuv420p" },
        { "a.mkv", "-c:v ffv1" },
        { "a.webm", "-c:v libvpx-vp9 -b:v 1M -deadline realtime" },
        { "a.webm", "-c:v libvpx -b:v 1M -deadline realtime" },
        { "a.avi", "-c:v mpeg4 -q:v 3" },
        { "a.avi", "-c:v mpeg4 -q:v 3 -bf 2" },
        { "a.avi", "-c:v libx264 -pix_fmt yuv420p" },
        { "a.avi", "-c:v mjpeg -pix_fmt yuvj420p -q:v 3" },
        { "a.ts", "-c:v libx264 -pix_fmt yuv420p" },
        { "a.ts", "-c:v mpeg2video -q:v 3" },
        { "a.mpg", "-c:v mpeg2video -q:v 3" },
        { "a.flv", "-c:v libx264 -pix_fmt yuv420p" },
        { "a.gif", "" },
        { "a.apng", "-f apng -pix_fmt rgb24" },
        { "a.h264", "-c:v libx264 -pix_fmt yuv420p" },
    };

    [Theory]
    [MemberData(nameof(Videos))]
    public async Task Video_formats(string name, string encoder)
    {
        Ffmpeg(["-f", "lavfi", "-i", Barcode(30, height: 64), .. encoder.Split(' ', StringSplitOptions.RemoveEmptyEntries), name]);
        Assert.Equal(MediaKind.Video, (await ProbeAsync(At(name))).Kind);
        Assert.Equal(Even(30, 8), await NumbersAsync(At(name), 8));
    }

    [Theory]
    [InlineData("a.png", "rgb24")]
    [InlineData("a.png", "rgb48be")]
    [InlineData("a.png", "gray")]
    [InlineData("a.png", "gray16be")]
    [InlineData("a.png", "pal8")]
    [InlineData("a.png", "monob")]
    [InlineData("a.png", "ya8")]
    [InlineData("a.png", "rgba64be")]
    [InlineData("a.jpg", "yuvj420p")]
    [InlineData("a.jpg", "yuvj444p")]
    [InlineData("a.bmp", "bgr24")]
    [InlineData("a.bmp", "rgb565le")]
    [InlineData("a.tiff", "rgb24")]
    [InlineData("a.tiff", "rgb48le")]
    [InlineData("a.tiff", "gray")]
    [InlineData("a.webp", "yuv420p")]
    [InlineData("a.webp", "bgra")]
    [InlineData("a.gif", "")]
    public async Task Picture_formats(string name, string format)
    {
        string[] pixels = format.Length > 0 ? ["-pix_fmt", format] : [];
        Ffmpeg(["-f", "lavfi", "-i", Barcode(60) + ",trim=start_frame=44", "-frames:v", "1", .. pixels, name]);
        var info = await ProbeAsync(At(name));
        Assert.Equal((MediaKind.Image, BarcodeWidth, 32, TimeSpan.Zero), (info.Kind, info.Width, info.Height, info.Duration));
        Assert.Equal([44], await NumbersAsync(At(name), 8));
    }

    [Fact]
    public async Task A_video_of_one_frame_is_a_video()
    {
        var info = await ProbeAsync(Clip("one.mp4", 1));
        Assert.Equal((MediaKind.Video, 1L), (info.Kind, info.FrameCount));
    }

    [Theory]
    [InlineData("with space.mp4")]
    [InlineData("-leading-dash.mp4")]
    [InlineData("http:x.mp4")]
    [InlineData("concat:a|b.mp4")]
    [InlineData("50%.mp4")]
    [InlineData("frame%03d.mp4")]
    [InlineData("frame%03d.png")]
    [InlineData("a*?[b]{c}.png")]
    [InlineData("it's \"quoted\" \\ back.mp4")]
    [InlineData("a,b;c=d'.mkv")]
    [InlineData("line\nbreak.mp4")]
    [InlineData("пример 例 🎬.mp4")]
    [InlineData("no-extension")]
    [InlineData("file:a.mp4")]
    [InlineData("pipe:0")]
    public async Task Any_name_is_a_name(string name)
    {
        var format = name.EndsWith(".png", StringComparison.Ordinal) ? "png" : "mp4";
        var frames = format == "png" ? 1 : 10;
        Clip("plain." + format, frames);
        File.Move(At("plain." + format), At(name));
        Assert.Equal(format == "png" ? [0] : Even(frames, 4), await NumbersAsync(At(name), 4));
    }

    [Fact]
    public async Task A_relative_path_stays_as_given_in_messages()
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, Clip("a.mp4", 3));
        Assert.Equal(relative, (await ProbeAsync(relative)).Path);
    }

    [Fact]
    public async Task The_stream_marked_as_default_is_shown()
    {
        Ffmpeg("-f", "lavfi", "-i", "color=blue:s=256x256:d=1", "-f", "lavfi", "-i", Barcode(20), "-map", "0", "-map", "1",
            "-disposition:0", "0", "-disposition:1", "default", "two.mkv");
        Assert.Equal(Even(20, 8), await NumbersAsync(At("two.mkv"), 8));
    }

    [Fact]
    public async Task Without_a_default_the_largest_stream_is_shown()
    {
        Ffmpeg("-f", "lavfi", "-i", "color=blue:s=32x32:d=1", "-f", "lavfi", "-i", Barcode(20), "-map", "0", "-map", "1",
            "-disposition:0", "0", "-disposition:1", "0", "-default_mode", "passthrough", "two.mkv");
        Assert.Equal(Even(20, 8), await NumbersAsync(At("two.mkv"), 8));
    }

    [Fact]
    public async Task Cover_art_is_never_shown()
    {
        Clip("clip.mp4", 20);
        Ffmpeg("-f", "lavfi", "-i", "testsrc=s=640x640", "-frames:v", "1", "cover.png");
        Ffmpeg("-i", "cover.png", "-i", "clip.mp4", "-map", "0", "-map", "1", "-c", "copy", "-disposition:0", "attached_pic", "art.mp4");
        Assert.Equal(Even(20, 8), await NumbersAsync(At("art.mp4"), 8));
    }

    [Fact]
    public async Task Duration_and_frame_count()
    {
        var info = await ProbeAsync(Clip("a.mp4", 50));
        Assert.Equal((TimeSpan.FromSeconds(2), 50L, TimeSpan.Zero), (info.Duration, info.FrameCount, info.Start));
    }
}
