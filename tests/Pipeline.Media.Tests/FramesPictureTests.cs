using System.Buffers.Binary;

namespace Pipeline.Media.Tests;

/// <summary>The picture as a good player shows it: upright, square pixels, right colours, on white.</summary>
public sealed class FramesPictureTests : MediaLab
{
    /// <summary>Red and green above blue and white, 64 x 32.</summary>
    private const string Quarters =
        "color=red:s=32x16[r];color=lime:s=32x16[g];color=blue:s=32x16[b];color=white:s=32x16[w];[r][g]hstack[t];[b][w]hstack[u];[t][u]vstack,format=rgb24";

    /// <summary>The corners shown (top left, top right, bottom left, bottom right) for each EXIF orientation, by its definition.</summary>
    private static readonly string[] _corners = ["RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"];

    public static TheoryData<string, int> Orientations
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var format in new[] { "jpg", "png", "webp", "tiff" })
            {
                for (var orientation = 1; orientation <= 8; orientation++)
                {
                    data.Add(format, orientation);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Orientations))]
    public async Task Exif_orientation(string format, int orientation)
    {
        var path = At("a." + format);
        if (format == "tiff")
        {
            File.WriteAllBytes(path, TiffWithOrientation(orientation));
        }
        else
        {
            Ffmpeg("-f", "lavfi", "-i", Quarters, "-frames:v", "1", "-q:v", format == "webp" ? "100" : "1", path);
            var plain = File.ReadAllBytes(path);
            File.WriteAllBytes(path, format switch
            {
                "jpg" => [.. plain[..2], 0xFF, 0xE1, .. BigEndian16(ExifBlock(orientation).Length + 8), .. "Exif\0\0"u8, .. ExifBlock(orientation), .. plain[2..]],
                "png" => [.. plain[..33], .. PngBytes.Chunk("eXIf"u8, ExifBlock(orientation)), .. plain[33..]],
                _ => WebPWithExif(plain, ExifBlock(orientation)),
            });
        }

        var size = orientation >= 5 ? (32, 64) : (64, 32);
        Assert.Equal([(_corners[orientation - 1], size)], await ReadAsync(path, 8, frame => (Corners(frame), (frame.Width, frame.Height))));
    }

    [Theory]
    [InlineData(1, 1, 0, 0, 1)]
    [InlineData(2, -1, 0, 0, 1)]
    [InlineData(3, -1, 0, 0, -1)]
    [InlineData(4, 1, 0, 0, -1)]
    [InlineData(5, 0, 1, 1, 0)]
    [InlineData(6, 0, 1, -1, 0)]
    [InlineData(7, 0, -1, -1, 0)]
    [InlineData(8, 0, -1, 1, 0)]
    public async Task Display_matrix(int orientation, int a, int b, int c, int d)
    {
        Ffmpeg("-f", "lavfi", "-i", Quarters + ",format=yuv444p,trim=end_frame=3", "-c:v", "libx264", "-qp", "0", "a.mp4");
        var bytes = File.ReadAllBytes(At("a.mp4"));
        var matrix = bytes.AsSpan(bytes.AsSpan().IndexOf("tkhd"u8) + 44);
        foreach (var (index, value) in new[] { (0, a), (1, b), (3, c), (4, d) })
        {
            BinaryPrimitives.WriteInt32BigEndian(matrix[(4 * index)..], value << 16);
        }

        File.WriteAllBytes(At("a.mp4"), bytes);
        var seen = await ReadAsync(At("a.mp4"), 2, Corners);
        Assert.Equal([_corners[orientation - 1], _corners[orientation - 1]], seen);
    }

    [Theory]
    [InlineData(90, 8)]
    [InlineData(180, 3)]
    [InlineData(270, 6)]
    public async Task Rotation_tag(int degrees, int orientation)
    {
        Ffmpeg("-f", "lavfi", "-i", Quarters + ",format=yuv444p,trim=end_frame=3", "-c:v", "libx264", "-qp", "0", "plain.mp4");
        Ffmpeg("-i", "plain.mp4", "-c", "copy", "-metadata:s:v:0", $"rotate={degrees}", "a.mov");
        Ffmpeg("-i", "a.mov", "-c", "copy", "a.mp4");
        Assert.Equal([_corners[orientation - 1]], await ReadAsync(At("a.mp4"), 1, Corners));
    }

    [Theory]
    [InlineData("2/1", 256)]
    [InlineData("1/2", 64)]
    [InlineData("16/15", 137)]
    public async Task Sample_aspect(string aspect, int width)
    {
        var clip = Clip("a.mkv", 10, "-vf", "setsar=" + aspect);
        var info = await ProbeAsync(clip);
        Assert.Equal((width, 32), (info.Width, info.Height));
        Assert.Equal(Even(10, 8), await NumbersAsync(clip, 8));
    }

    [Theory]
    [InlineData(127, 31)]
    [InlineData(3, 5)]
    [InlineData(1, 1)]
    public async Task Odd_sizes(int width, int height)
    {
        Ffmpeg("-f", "lavfi", "-i", $"color=red:s={width}x{height},format=yuv444p,trim=end_frame=3", "-c:v", "ffv1", "a.mkv");
        Assert.All(await ReadAsync(At("a.mkv"), 2, frame => Letter(Pixel(frame, width - 1, height - 1))), letter => Assert.Equal('R', letter));
    }

    [Theory]
    [InlineData("mpeg2video", "a.ts")]
    [InlineData("libx264", "a.mkv")]
    [InlineData("libx264", "a.mp4")]
    [InlineData("mpeg4", "a.avi")]
    [InlineData("prores_ks", "a.mov")]
    public async Task Interlaced_video_is_deinterlaced(string codec, string name)
    {
        Ffmpeg("-f", "lavfi", "-i", "nullsrc=s=128x64:r=50,geq=lum='if(between(X,N*6,N*6+20),235,16)':cb=128:cr=128,trim=end_frame=20",
            "-vf", "tinterlace=interleave_top,fieldorder=tff", "-c:v", codec, "-flags", "+ildct+ilme", "-top", "1", "-b:v", "4M", name);
        Ffmpeg("-i", name, "-f", "rawvideo", "-pix_fmt", "rgb24", "combed.rgb");
        var combed = Combing(File.ReadAllBytes(At("combed.rgb")).AsSpan(4 * 128 * 64 * 3), 128, 64);
        var shown = await ReadAsync(At(name), 10, frame => Combing(frame.Rgb.Span, frame.Width, frame.Height));
        Assert.Equal(10, shown.Count);
        Assert.InRange(shown[4], 0, combed / 4);
    }

    [Theory]
    [InlineData("smpte2084")]
    [InlineData("arib-std-b67")]
    public async Task High_dynamic_range_is_tone_mapped(string transfer)
    {
        // Five bars from black to the brightest code: as levels they must rise, dark ones stay dark, bright ones not clip together.
        Ffmpeg("-f", "lavfi", "-i", "nullsrc=s=160x64:r=25,format=yuv420p10le,geq=lum='64+floor(X/32)*170':cb=512:cr=512,trim=end_frame=3",
            "-c:v", "libx265", "-x265-params", $"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc", "a.mp4");
        var bars = (await ReadAsync(At("a.mp4"), 1, frame => Enumerable.Range(0, 5).Select(bar => Pixel(frame, (bar * 32) + 16, 32).Green).ToArray()))[0];
        Assert.InRange(bars[0], 0, 4);
        Assert.All(bars.Zip(bars.Skip(1)).Take(3), pair => Assert.True(pair.Second > pair.First + 5, string.Join(' ', bars)));
        Assert.InRange(bars[2], 40, 220);
    }

    [Theory]
    [InlineData("bgra", "a.png")]
    [InlineData("rgba64be", "a.png")]
    [InlineData("rgba", "a.apng")]
    [InlineData("rgba", "a.tiff")]
    [InlineData("bgra", "a.webp")]
    [InlineData("", "a.gif")]
    [InlineData("yuva420p", "a.webm")]
    [InlineData("yuva444p10le", "a.mov")]
    public async Task Alpha_is_composed_on_white(string format, string name)
    {
        // Left opaque red, right fully transparent over black.
        string[] pixels = format.Length > 0 ? ["-pix_fmt", format] : [];
        string[] codec = name switch
        {
            "a.mov" => ["-c:v", "prores_ks"],
            "a.webm" => ["-c:v", "libvpx-vp9"],
            "a.apng" => ["-f", "apng"],
            "a.webp" => ["-c:v", "libwebp"],
            "a.gif" => ["-vf", "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"],
            _ => [],
        };
        Ffmpeg(["-f", "lavfi", "-i", "nullsrc=s=64x32,format=rgba,geq=r='if(lt(X,32),255,0)':g=0:b=0:a='if(lt(X,32),255,0)',trim=end_frame=1",
            "-frames:v", "1", .. pixels, .. codec, name]);
        Assert.Equal(["RW"], await ReadAsync(At(name), 1, frame => $"{Letter(Pixel(frame, 8, 8))}{Letter(Pixel(frame, 56, 24))}"));
    }

    [Fact]
    public async Task Half_transparent_black_is_grey_on_white()
    {
        Ffmpeg("-f", "lavfi", "-i", "color=black@0.5:s=16x16,format=rgba", "-frames:v", "1", "a.png");
        Assert.InRange((await ReadAsync(At("a.png"), 1, frame => Pixel(frame, 8, 8).Red))[0], 126, 129);
    }

    [Theory]
    [InlineData(new byte[] { 255, 0, 0, 255 }, 0, 'R')]
    [InlineData(new byte[] { 255, 255, 255, 255 }, 0, 'W')]
    [InlineData(new byte[] { 255, 255, 255, 0 }, 0, 'K')]
    [InlineData(new byte[] { 0, 128, 128, 255 }, 2, 'W')]
    [InlineData(new byte[] { 255, 128, 128, 255 }, 2, 'K')]
    public async Task Four_inks_become_red_green_and_blue(byte[] inks, byte transform, char letter)
    {
        File.WriteAllBytes(At("a.jpg"), JpegBytes.OfInks(inks, transform));
        Assert.Equal([letter], await ReadAsync(At("a.jpg"), 1, frame => Letter(Pixel(frame, 4, 4))));
    }

    [Theory]
    [InlineData(718, "bt601")]
    [InlineData(720, "bt709")]
    public async Task Untagged_colour_goes_by_the_number_of_lines(int lines, string matrix)
    {
        // A saturated green: its matrix shows in the red and blue channels.
        Ffmpeg("-f", "lavfi", "-i", $"nullsrc=s=64x{lines},format=yuv444p,geq=lum=150:cb=60:cr=40,trim=end_frame=2", "-c:v", "ffv1", "a.mkv");
        var (kr, kb) = matrix == "bt601" ? (0.299, 0.114) : (0.2126, 0.0722);
        var (y, cb, cr) = (255 * (150 - 16) / 219.0, 255 * (60 - 128) / 224.0, 255 * (40 - 128) / 224.0);
        var green = y - (2 * (kr * (1 - kr) * cr + kb * (1 - kb) * cb) / (1 - kr - kb));
        var seen = (await ReadAsync(At("a.mkv"), 1, frame => Pixel(frame, 32, 32)))[0];
        Assert.InRange(seen.Green, Math.Min(green, 255) - 2, Math.Min(green, 255) + 2);
        Assert.InRange(seen.Blue, Math.Max(0, y + (2 * (1 - kb) * cb)) - 2, Math.Max(0, y + (2 * (1 - kb) * cb)) + 2);
    }

    [Theory]
    [InlineData("tv", 255)]
    [InlineData("pc", 235)]
    public async Task The_tagged_range_of_levels_is_kept(string range, int white)
    {
        Ffmpeg("-f", "lavfi", "-i", "nullsrc=s=64x64,format=yuv444p,geq=lum=235:cb=128:cr=128,trim=end_frame=2", "-c:v", "libx264",
            "-color_range", range, "-bsf:v", $"h264_metadata=video_full_range_flag={(range == "pc" ? 1 : 0)}", "a.mp4");
        Assert.InRange((await ReadAsync(At("a.mp4"), 1, frame => Pixel(frame, 32, 32).Red))[0], white - 2, white);
    }

    [Fact]
    public async Task A_change_of_size_in_the_middle_keeps_the_first_size()
    {
        Ffmpeg("-f", "lavfi", "-i", Barcode(25), "-c:v", "libx264", "-bf", "0", "-f", "h264", "a.264");
        Ffmpeg("-f", "lavfi", "-i", Barcode(25, height: 64), "-c:v", "libx264", "-bf", "0", "-f", "h264", "b.264");
        File.WriteAllBytes(At("both.264"), [.. File.ReadAllBytes(At("a.264")), .. File.ReadAllBytes(At("b.264"))]);
        Ffmpeg("-i", "both.264", "-c", "copy", "both.ts");
        Assert.Equal(Even(50, 8).Select(number => number % 25), await NumbersAsync(At("both.ts"), 8));
    }

    private static string Corners(Frame frame) => string.Concat(
        new[] { (0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8) }
            .Select(place => Letter(Pixel(frame, (int)(place.Item1 * frame.Width), (int)(place.Item2 * frame.Height)))));

    private static char Letter((int Red, int Green, int Blue) pixel) => (pixel.Red > 200, pixel.Green > 200, pixel.Blue > 200) switch
    {
        (true, false, false) => 'R',
        (false, true, false) => 'G',
        (false, false, true) => 'B',
        (true, true, true) => 'W',
        (false, false, false) when pixel.Red + pixel.Green + pixel.Blue < 30 => 'K',
        _ => '?',
    };

    /// <summary>How much neighbouring lines differ, away from the borders.</summary>
    private static long Combing(ReadOnlySpan<byte> rgb, int width, int height)
    {
        long sum = 0;
        for (var y = 4; y < height - 4; y++)
        {
            for (var x = 0; x < width; x++)
            {
                sum += Math.Abs(rgb[3 * ((y * width) + x)] - rgb[3 * (((y + 1) * width) + x)]);
            }
        }

        return sum;
    }

    private static byte[] BigEndian16(int value) => [(byte)(value >> 8), (byte)value];

    /// <summary>A TIFF header and one directory with the orientation alone, as cameras write it (big endian).</summary>
    private static byte[] ExifBlock(int orientation) =>
        [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];

    private static byte[] WebPWithExif(byte[] plain, byte[] exif)
    {
        byte[] extended = [.. "VP8X"u8, 10, 0, 0, 0, 8, 0, 0, 0, 63, 0, 0, 31, 0, 0];
        byte[] block = [.. "EXIF"u8, (byte)exif.Length, 0, 0, 0, .. exif];
        byte[] body = [.. "WEBP"u8, .. extended, .. plain[12..], .. block];
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, body.Length);
        return [.. "RIFF"u8, .. length, .. body];
    }

    /// <summary>An uncompressed little-endian TIFF of the four quarters.</summary>
    private static byte[] TiffWithOrientation(int orientation)
    {
        const int width = 64;
        const int height = 32;
        (ushort Tag, ushort Type, uint Count, uint Value)[] fields =
        [
            (256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 0), (274, 3, 1, (uint)orientation),
            (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, 3 * width * height),
        ];
        var pixels = 8 + 2 + (12 * fields.Length) + 4;
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write([(byte)'I', (byte)'I', 42, 0, 8, 0, 0, 0]);
        writer.Write((ushort)fields.Length);
        foreach (var (tag, type, count, value) in fields)
        {
            writer.Write(tag);
            writer.Write(type);
            writer.Write(count);
            writer.Write(tag == 273 ? (uint)pixels : value);
        }

        writer.Write(0);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                byte[] colour = (x < width / 2, y < height / 2) switch
                {
                    (true, true) => [255, 0, 0],
                    (false, true) => [0, 255, 0],
                    (true, false) => [0, 0, 255],
                    _ => [255, 255, 255],
                };
                writer.Write(colour);
            }
        }

        return file.ToArray();
    }
}
