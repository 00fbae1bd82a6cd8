using System.Buffers.Binary;

namespace Pipeline.Jobs.Sources;

/// <summary>Which files of a folder are pictures or videos: by extension, then by their first bytes.</summary>
internal static class MediaNames
{
    private static readonly HashSet<string> s_extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".m2ts", ".mpg", ".mpeg", ".vob", ".flv", ".wmv", ".asf", ".3gp", ".ogv", ".mxf",
        ".gif", ".apng", ".webp", ".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".tif", ".tiff", ".avif", ".heic",
    };

    // .ts and .mts are TypeScript as often as transport streams, so their name alone does not decide.
    private static readonly HashSet<string> s_ambiguous = new(StringComparer.OrdinalIgnoreCase) { ".ts", ".mts" };

    /// <summary>The endings that a result's name drops: those of media, each with its dot.</summary>
    public static IEnumerable<string> Extensions => s_extensions.Concat(s_ambiguous);

    public static bool HasMediaExtension(string path) =>
        Path.GetExtension(path) is var extension && (s_extensions.Contains(extension) || s_ambiguous.Contains(extension));

    /// <summary>Whether a file found in a folder is worth a closer look: its extension says so, or its first bytes do.</summary>
    public static bool IsMedia(string path) =>
        s_extensions.Contains(Path.GetExtension(path)) || HasSignature(path);

    private static bool HasSignature(string path)
    {
        Span<byte> head = stackalloc byte[377];
        try
        {
            // Opening a pipe or a device would wait for ever; all that is not a plain file has no length.
            if (new FileInfo(path).Length == 0)
            {
                return false;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            return IsSignature(head[..length]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsSignature(ReadOnlySpan<byte> head)
    {
        if (head.Length < 16)
        {
            return false;
        }

        return BinaryPrimitives.ReadUInt32BigEndian(head) switch
        {
            0x1A45DFA3 /* Matroska */ or 0x89504E47 /* PNG */ or 0x47494638 /* GIF8 */ or 0x000001BA /* MPEG program stream */
                or 0x3026B275 /* ASF */ or 0x49492A00 or 0x4D4D002A /* TIFF */ or 0x464C5601 /* FLV */ => true,
            0x52494646 /* RIFF */ => head[8..12].SequenceEqual("AVI "u8) || head[8..12].SequenceEqual("WEBP"u8),
            _ when head[4..8].SequenceEqual("ftyp"u8) => !head[8..11].SequenceEqual("M4A"u8) && !head[8..11].SequenceEqual("M4B"u8),
            _ when head[4..8].SequenceEqual("moov"u8) || head[4..8].SequenceEqual("mdat"u8) => true,
            _ when head is [0xFF, 0xD8, 0xFF, ..] /* JPEG */ => true,
            _ when head[..2].SequenceEqual("BM"u8) => BinaryPrimitives.ReadUInt32LittleEndian(head[6..]) == 0,
            _ => head.Length == 377 && head[0] == 0x47 && head[188] == 0x47 && head[376] == 0x47, // transport stream packets
        };
    }
}
