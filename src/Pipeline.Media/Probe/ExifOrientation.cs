using System.Buffers.Binary;

namespace Pipeline.Media;

/// <summary>
/// The orientation that a camera wrote into a picture (EXIF 2.32, tag 274), found in JPEG (APP1), PNG (eXIf), WebP (EXIF) and
/// TIFF (first directory). ffmpeg 5.1 applies it for JPEG alone, so it is read here for all.
/// </summary>
internal static class ExifOrientation
{
    private const int OrientationTag = 274;
    private const int MaxBlocks = 4096;
    private const int MaxExifBytes = 1 << 20;

    public static Orientation Read(MediaSource source)
    {
        using var file = File.OpenRead(source.GivenPath);
        try
        {
            return source.Format switch
            {
                var format when format == FileSignature.Jpeg => OfJpeg(file),
                var format when format == FileSignature.Png || format == FileSignature.Apng => OfPng(file),
                var format when format == FileSignature.WebP => OfWebP(file),
                var format when format == FileSignature.Tiff => OfTiff(file, 0),
                _ => Orientation.Upright,
            };
        }
        catch (EndOfStreamException)
        {
            // A picture cut short, or damaged EXIF: viewers show it as stored.
            return Orientation.Upright;
        }
    }

    private static Orientation OfJpeg(FileStream file)
    {
        file.Position = 2;
        for (var block = 0; block < MaxBlocks; block++)
        {
            var head = ReadBytes(file, 4);
            var length = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(2));
            var next = file.Position + length - 2;
            const byte startOfScan = 0xDA;
            const byte app1 = 0xE1;
            if (head[0] != 0xFF || head[1] == startOfScan)
            {
                break;
            }

            if (head[1] == app1 && length >= 8 && ReadBytes(file, 6).AsSpan().SequenceEqual("Exif\0\0"u8))
            {
                return OfTiff(file, file.Position);
            }

            file.Position = next;
        }

        return Orientation.Upright;
    }

    private static Orientation OfPng(FileStream file)
    {
        file.Position = 8;
        for (var block = 0; block < MaxBlocks; block++)
        {
            var head = ReadBytes(file, 8);
            if (head.AsSpan(4).SequenceEqual("eXIf"u8))
            {
                return OfTiff(file, file.Position);
            }

            file.Position += BinaryPrimitives.ReadUInt32BigEndian(head) + 4L;
        }

        return Orientation.Upright;
    }

    private static Orientation OfWebP(FileStream file)
    {
        file.Position = 12;
        for (var block = 0; block < MaxBlocks; block++)
        {
            var head = ReadBytes(file, 8);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(4));
            if (head.AsSpan(0, 4).SequenceEqual("EXIF"u8))
            {
                // Some writers repeat the JPEG marker in front of the TIFF header.
                var start = file.Position;
                return OfTiff(file, ReadBytes(file, 6).AsSpan().SequenceEqual("Exif\0\0"u8) ? start + 6 : start);
            }

            file.Position += length + (length & 1);
        }

        return Orientation.Upright;
    }

    private static Orientation OfTiff(FileStream file, long start)
    {
        file.Position = start;
        var head = ReadBytes(file, 8);
        var little = head[0] == 'I';
        var offset = Read32(head.AsSpan(4), little);
        if (offset > MaxExifBytes && start > 0)
        {
            return Orientation.Upright;
        }

        file.Position = start + offset;
        int entries = Read16(ReadBytes(file, 2), little);
        for (var entry = 0; entry < entries; entry++)
        {
            var field = ReadBytes(file, 12);
            if (Read16(field, little) == OrientationTag)
            {
                var value = (Orientation)Read16(field.AsSpan(8), little);
                return Enum.IsDefined(value) ? value : Orientation.Upright;
            }
        }

        return Orientation.Upright;
    }

    private static byte[] ReadBytes(FileStream file, int count)
    {
        var bytes = new byte[count];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static ushort Read16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint Read32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
