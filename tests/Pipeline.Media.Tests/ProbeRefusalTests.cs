using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.Versioning;

namespace Pipeline.Media.Tests;

/// <summary>Each kind of bad input, with the message a user sees.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProbeRefusalTests : MediaLab
{
    private async Task RefusedAsync(string path, string code, string message, MediaOptions? options = null)
    {
        var error = await Assert.ThrowsAsync<PipelineException>(() => ReadAsync(path, 8, frame => frame.Time, options));
        Assert.Equal((code, FailureKind.Input), (error.Code, error.Kind));
        Assert.StartsWith(path + ": ", error.Message, StringComparison.Ordinal);
        Assert.Equal(message, error.Message[(path.Length + 2)..]);
        Assert.NotNull(error.Hint);
        Assert.DoesNotContain('\n', error.Message);
    }

    private string Write(string name, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(At(name), content);
        return At(name);
    }

    [Fact]
    public Task Missing() => RefusedAsync(At("none.mp4"), "media.not-found", "no such file");

    [Fact]
    public Task Folder_as_a_file() => RefusedAsync(Folder, "media.folder", "is a folder");

    [Fact]
    public Task Empty() => RefusedAsync(Write("clip.mp4", []), "media.empty", "the file is empty");

    [Fact]
    public Task Text_named_mp4() => RefusedAsync(Write("clip.mp4", "Dear diary, today nothing moved.\n"u8), "media.not-media", "not a picture or video");

    [Fact]
    public Task Zeros() => RefusedAsync(Write("clip.mp4", new byte[100_000]), "media.not-media", "not a picture or video");

    [Fact]
    public Task Noise()
    {
        var noise = new byte[100_000];
        new Random(7).NextBytes(noise);
        return RefusedAsync(Write("clip.mkv", noise), "media.not-media", "not a picture or video");
    }

    [Fact]
    public Task A_picture_of_magic_bytes_only() =>
        RefusedAsync(Write("a.png", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]), "media.no-frames", "no frames that decode");

    [Fact]
    public Task Sound_alone()
    {
        Ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "clip.mp4");
        return RefusedAsync(At("clip.mp4"), "media.no-video", "no video stream (audio only)");
    }

    [Fact]
    public Task Sound_with_cover_art()
    {
        Ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", "cover.png");
        Ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-i", "cover.png", "-map", "0", "-map", "1", "-disposition:v", "attached_pic", "song.mp3");
        return RefusedAsync(At("song.mp3"), "media.no-video", "no video stream (audio only)");
    }

    [Fact]
    public Task Mp4_cut_before_its_index()
    {
        Clip("whole.mp4", 50);
        var bytes = File.ReadAllBytes(At("whole.mp4"));
        return RefusedAsync(
            Write("clip.mp4", bytes.AsSpan(0, bytes.Length / 2)), "media.truncated", "truncated before its index (moov), nothing can be decoded");
    }

    [Fact]
    public Task Video_without_frames()
    {
        Clip("whole.mp4", 3, "-movflags", "frag_keyframe+empty_moov");
        var bytes = File.ReadAllBytes(At("whole.mp4"));
        return RefusedAsync(
            Write("clip.mp4", bytes.AsSpan(0, bytes.AsSpan().IndexOf("moof"u8) - 4)), "media.no-frames", "no frames that decode");
    }

    [Fact]
    public Task Container_without_streams()
    {
        Ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "0", "clip.mp4");
        return RefusedAsync(At("clip.mp4"), "media.no-frames", "no frames that decode");
    }

    [Fact]
    public Task Playlist() =>
        RefusedAsync(Write("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n"u8), "media.playlist",
            "is a playlist, which names other files");

    [Fact]
    public Task Playlist_named_mp4() =>
        RefusedAsync(Write("list.mp4", "\n #EXTM3U\n#EXTINF:1,\n/etc/passwd\n"u8), "media.playlist", "is a playlist, which names other files");

    [Fact]
    public Task Concat_script()
    {
        Clip("a.mp4", 3);
        return RefusedAsync(Write("list.ffconcat", "ffconcat version 1.0\nfile 'a.mp4'\n"u8), "media.playlist", "is a playlist, which names other files");
    }

    [Fact]
    public Task Concat_script_without_header() =>
        RefusedAsync(Write("list.txt", "# comment\nfile 'a.mp4'\n"u8), "media.not-media", "not a picture or video");

    [Fact]
    public Task Subtitles() =>
        RefusedAsync(Write("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"u8), "media.format-refused", "files of this format are not read");

    [Fact]
    public Task Text_named_like_a_sequence_of_pictures() =>
        RefusedAsync(Write("a%03d.png", "no picture"u8), "media.format-refused", "files of this format are not read");

    [Fact]
    public Task Named_pipe()
    {
        Run("mkfifo", ["pipe.mp4"]);
        return RefusedAsync(At("pipe.mp4"), "media.empty", "the file is empty");
    }

    [Fact]
    public Task Codec_that_nobody_knows()
    {
        var bytes = File.ReadAllBytes(Clip("a.mp4", 5));
        "xyz1"u8.CopyTo(bytes.AsSpan(bytes.AsSpan().LastIndexOf("avc1"u8)));
        return RefusedAsync(Write("a.mp4", bytes), "media.no-decoder", "the installed ffmpeg can't decode video of type xyz1");
    }

    [Fact]
    public Task Dash_manifest() =>
        RefusedAsync(Write("a.mpd", "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>\n"u8), "media.playlist",
            "is a playlist, which names other files");

    [Fact]
    public Task Session_description() =>
        RefusedAsync(Write("a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5000 RTP/AVP 96\n"u8), "media.playlist",
            "is a playlist, which names other files");

    [Fact]
    public Task Picture_beyond_max_pixels() =>
        RefusedAsync(Write("big.png", EmptyPng(20_000, 10_000)), "media.too-large", "20000x10000 is beyond pipeline.media.max-pixels (100000000)");

    [Fact]
    public Task Picture_beyond_what_ffmpeg_can_address() =>
        RefusedAsync(Write("huge.png", EmptyPng(200_000, 200_000)), "media.too-large", "200000x200000 is beyond pipeline.media.max-pixels (100000000)");

    [Fact]
    public Task Video_beyond_max_pixels()
    {
        Clip("clip.mp4", 5);
        return RefusedAsync(At("clip.mp4"), "media.too-large", "128x32 is beyond pipeline.media.max-pixels (4000)", Defaults with { MaxPixels = 4000 });
    }

    [Fact]
    public Task Sample_aspect_that_blows_a_video_up()
    {
        Clip("clip.mkv", 5, "-vf", "setsar=100/1");
        return RefusedAsync(
            At("clip.mkv"), "media.too-large", "12800x32 is beyond pipeline.media.max-pixels (100000)", Defaults with { MaxPixels = 100_000 });
    }

    [Fact]
    public Task Animated_webp()
    {
        Ffmpeg("-f", "lavfi", "-i", Barcode(5), "-c:v", "libwebp_anim", "a.webp");
        return RefusedAsync(At("a.webp"), "media.no-decoder", "the installed ffmpeg can't decode animated WebP");
    }

    [Fact]
    public async Task One_pixel_is_a_picture_like_any_other()
    {
        Ffmpeg("-f", "lavfi", "-i", "color=red:s=1x1,format=rgb24", "-frames:v", "1", "dot.png");
        Assert.Equal([(255, 0, 0)], (await ReadAsync(At("dot.png"), 8, frame => Pixel(frame, 0, 0))).Select(Rounded));

        static (int, int, int) Rounded((int Red, int Green, int Blue) p) => (p.Red > 250 ? 255 : p.Red, p.Green < 5 ? 0 : p.Green, p.Blue < 5 ? 0 : p.Blue);
    }

    [Fact]
    public void No_permission()
    {
        var clip = Clip("clip.mp4", 3);
        const UnixFileMode everyone = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(Folder, everyone);
        File.SetUnixFileMode(clip, UnixFileMode.UserRead);
        var error = UnprivilegedThread.Run(() => Assert.Throws<PipelineException>(() => MediaSource.Open(clip)));
        Assert.Equal(("media.not-readable", $"{clip}: no permission to read it"), (error.Code, error.Message));
    }

    [Fact]
    public void Missing_ffmpeg()
    {
        var error = Assert.Throws<PipelineException>(() => FfmpegTools.Find(Defaults with { Ffmpeg = "ffmpeg-of-nowhere" }));
        Assert.Equal(("media.ffmpeg-missing", "ffmpeg-of-nowhere: program not found"), (error.Code, error.Message));
        Assert.Contains("apt-get install ffmpeg", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_ffprobe_by_path() =>
        Assert.Equal(
            "/no/such/ffprobe: program not found",
            Assert.Throws<PipelineException>(() => FfmpegTools.Find(Defaults with { Ffprobe = "/no/such/ffprobe" })).Message);

    /// <summary>A PNG that announces a size and holds almost no data: what a decompression bomb looks like from outside.</summary>
    private static byte[] EmptyPng(int width, int height)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(new byte[1000]);
        }

        return [0x89, .. "PNG\r\n"u8, 26, 10, .. PngBytes.Chunk("IHDR"u8, header), .. PngBytes.Chunk("IDAT"u8, data.ToArray()), .. PngBytes.Chunk("IEND"u8, [])];
    }
}
