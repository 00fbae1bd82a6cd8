using System.Text;

namespace Pipeline.Media;

/// <summary>
/// A format known by its first bytes. Naming its demuxer keeps ffmpeg from choosing one by the file's name:
/// <c>a%d.png</c> would be a numbered sequence of pictures.
/// </summary>
/// <param name="Name">The format's name for messages.</param>
/// <param name="Demuxer">ffmpeg's name.</param>
/// <param name="IsPicture">Whether one frame of it is an image.</param>
internal sealed record FileSignature(string Name, string Demuxer, bool IsPicture)
{
    /// <summary>How many of a file's first bytes tell its format.</summary>
    public const int HeaderBytes = 4096;

    public static FileSignature Jpeg { get; } = new("JPEG", "jpeg_pipe", IsPicture: true);

    public static FileSignature Png { get; } = new("PNG", "png_pipe", IsPicture: true);

    public static FileSignature Apng { get; } = new("APNG", "apng", IsPicture: true);

    public static FileSignature Tiff { get; } = new("TIFF", "tiff_pipe", IsPicture: true);

    public static FileSignature WebP { get; } = new("WebP", "webp_pipe", IsPicture: true);

    public static FileSignature AnimatedWebP { get; } = new("animated WebP", "webp_pipe", IsPicture: false);

    private static FileSignature Bmp { get; } = new("BMP", "bmp_pipe", IsPicture: true);

    private static FileSignature Gif { get; } = new("GIF", "gif", IsPicture: true);

    private static FileSignature Mp4 { get; } = new("MP4", "mov", IsPicture: false);

    private static FileSignature Matroska { get; } = new("Matroska", "matroska", IsPicture: false);

    private static FileSignature Avi { get; } = new("AVI", "avi", IsPicture: false);

    /// <summary>The format that <paramref name="header"/> shows, or null where others must decide.</summary>
    public static FileSignature? Of(ReadOnlySpan<byte> header) => header switch
    {
        [0xFF, 0xD8, 0xFF, ..] => Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => IsAnimatedPng(header) ? Apng : Png,
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => Tiff,
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, .. var form] => OfRiff(form),
        [(byte)'B', (byte)'M', _, _, _, _, 0, 0, 0, 0, ..] => Bmp,
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => Gif,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => Mp4,
        [0x1A, 0x45, 0xDF, 0xA3, ..] => Matroska,
        _ => null,
    };

    /// <summary>Whether the file is a text that names other files: HLS, DASH, SDP, a concat script and their like.</summary>
    public static bool IsPlaylist(ReadOnlySpan<byte> header)
    {
        var text = Encoding.Latin1.GetString(header).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        return Starts(text, "#EXTM3U") || Starts(text, "ffconcat") || Starts(text, "[playlist]") || Starts(text, "v=0")
            || (Starts(text, "<") && (Contains(text, "<MPD") || Contains(text, "<smil") || Contains(text, "<SmoothStreamingMedia")));

        static bool Starts(string text, string start) => text.StartsWith(start, StringComparison.OrdinalIgnoreCase);
        static bool Contains(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
    }

    private static FileSignature? OfRiff(ReadOnlySpan<byte> form)
    {
        const byte animationFlag = 2;
        return form.StartsWith("AVI "u8) ? Avi
            : !form.StartsWith("WEBP"u8) ? null
            : form is [_, _, _, _, (byte)'V', (byte)'P', (byte)'8', (byte)'X', _, _, _, _, var flags, ..] && (flags & animationFlag) != 0
            ? AnimatedWebP
            : WebP;
    }

    private static bool IsAnimatedPng(ReadOnlySpan<byte> header)
    {
        var control = header.IndexOf("acTL"u8);
        var data = header.IndexOf("IDAT"u8);
        return control >= 0 && (data < 0 || control < data);
    }
}
