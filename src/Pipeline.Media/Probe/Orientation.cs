using System.Globalization;

namespace Pipeline.Media;

/// <summary>How a stored picture is turned to stand upright. The numbers are EXIF's (tag 274).</summary>
internal enum Orientation
{
    Upright = 1,
    MirroredHorizontally = 2,
    Rotated180 = 3,
    MirroredVertically = 4,
    Transposed = 5,
    RotateRight = 6,
    Transversed = 7,
    RotateLeft = 8,
}

internal static class OrientationRules
{
    /// <summary>Whether width and height change places.</summary>
    public static bool SwapsSides(this Orientation orientation) => orientation >= Orientation.Transposed;

    /// <summary>ffmpeg's filters that turn a stored picture upright.</summary>
    public static IEnumerable<string> Filters(this Orientation orientation) => orientation switch
    {
        Orientation.MirroredHorizontally => ["hflip"],
        Orientation.Rotated180 => ["hflip", "vflip"],
        Orientation.MirroredVertically => ["vflip"],
        Orientation.Transposed => ["transpose=cclock_flip"],
        Orientation.RotateRight => ["transpose=clock"],
        Orientation.Transversed => ["transpose=clock_flip"],
        Orientation.RotateLeft => ["transpose=cclock"],
        _ => [],
    };

    /// <summary>
    /// Reads ffprobe's dump of a display matrix (ISO/IEC 14496-12): rows <c>a b u</c>, <c>c d v</c> as fixed point, where a stored
    /// point (p, q) is shown at (a p + c q, b p + d q). Angles between quarter turns go to the nearest one.
    /// </summary>
    public static Orientation FromDisplayMatrix(string dump)
    {
        var numbers = dump.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(row => row[(row.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(word => long.Parse(word, CultureInfo.InvariantCulture))
            .ToArray();
        if (numbers is not [var a, var b, _, var c, var d, ..])
        {
            return Orientation.Upright;
        }

        return Math.Abs(a) + Math.Abs(d) >= Math.Abs(b) + Math.Abs(c)
            ? (a < 0, d < 0) switch
            {
                (false, false) => Orientation.Upright,
                (true, false) => Orientation.MirroredHorizontally,
                (true, true) => Orientation.Rotated180,
                (false, true) => Orientation.MirroredVertically,
            }
            : (b < 0, c < 0) switch
            {
                (false, false) => Orientation.Transposed,
                (false, true) => Orientation.RotateRight,
                (true, true) => Orientation.Transversed,
                (true, false) => Orientation.RotateLeft,
            };
    }
}
