using System.Globalization;

namespace Pipeline.Engine.Configuration;

/// <summary>A number of bytes as people write it: <c>512MiB</c>, <c>24GB</c>.</summary>
public static class ByteSize
{
    public static bool TryParse(string text, out long bytes)
    {
        var (number, unit) = OptionValue.Split(text);
        if (BytesOf(unit) is { } size
            && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, null, out var count)
            && count <= long.MaxValue / size)
        {
            bytes = (long)(count * size);
            return true;
        }

        bytes = 0;
        return false;
    }

    /// <summary>The same in the units that disks and machines are sold in: <c>24 GB</c>, <c>1.5 MB</c>.</summary>
    public static string Describe(long bytes) => bytes switch
    {
        >= 10_000_000_000 => $"{bytes / 1e9:#,0.#} GB",
        >= 1000_000_000 => $"{bytes / 1e9:0.##} GB",
        >= 1000_000 => $"{bytes / 1e6:0.#} MB",
        _ => $"{bytes / 1e3:0.#} kB",
    };

    private static long? BytesOf(string unit) => unit switch
    {
        "" or "B" => 1,
        "kB" => 1000,
        "MB" => 1000_000,
        "GB" => 1000_000_000,
        "TB" => 1000_000_000_000,
        "KiB" => 1L << 10,
        "MiB" => 1L << 20,
        "GiB" => 1L << 30,
        "TiB" => 1L << 40,
        _ => null,
    };
}
