namespace Pipeline.Media.Tests;

/// <summary>Writes JPEG files that ffmpeg's encoder can't: four inks, as printers' programs save them (Adobe, inverted).</summary>
internal static class JpegBytes
{
    /// <summary>One 8 x 8 block of four inks, each 0, 128 or 255.</summary>
    /// <param name="inks">Levels as stored: 255 is no ink.</param>
    /// <param name="transform">Adobe's marker: 0 for CMYK, 2 for YCCK.</param>
    public static byte[] OfInks(byte[] inks, byte transform) =>
    [
        0xFF, 0xD8,
        .. Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]),
        .. Segment(0xDB, [0, .. Enumerable.Repeat((byte)8, 64)]),
        .. Segment(0xC0, [8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0]),
        .. Segment(0xC4, [0x00, 0, 3, .. new byte[14], 0, 7, 8]),
        .. Segment(0xC4, [0x10, 1, .. new byte[15], 0]),
        .. Segment(0xDA, [4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]),
        .. Scan(inks),
        0xFF, 0xD9,
    ];

    private static byte[] Segment(byte marker, byte[] data) => [0xFF, marker, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data];

    /// <summary>For each ink the category of its mean (0, 7 or 8 bits), the mean less 128, and the end of the block.</summary>
    private static IEnumerable<byte> Scan(byte[] inks)
    {
        var bits = string.Concat(inks.Select(ink => ink switch
        {
            128 => "00" + "0",
            255 => "01" + "1111111" + "0",
            _ => "10" + "01111111" + "0",
        }));
        bits += new string('1', (8 - (bits.Length % 8)) % 8);
        return bits.Chunk(8).Select(octet => Convert.ToByte(new string(octet), 2)).SelectMany(value => value == 0xFF ? new byte[] { value, 0 } : [value]);
    }
}
