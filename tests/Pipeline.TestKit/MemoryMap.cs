using System.Globalization;

namespace Pipeline.TestKit;

/// <summary>What a process holds of some files, as Linux tells it in <c>/proc/PID/smaps</c>.</summary>
/// <param name="Size">Bytes of address space that show the files.</param>
/// <param name="Resident">Those of them that are in memory for this process.</param>
/// <param name="Share">The process's share of those: a page that n processes map counts 1/n.</param>
public readonly record struct MemoryMap(long Size, long Resident, long Share)
{
    /// <summary>All mappings of files below a folder.</summary>
    /// <param name="folder">The folder, or one file.</param>
    /// <param name="process">Its id; null for this process.</param>
    public static MemoryMap Of(string folder, int? process = null)
    {
        var total = default(MemoryMap);
        var counts = false;
        foreach (var line in File.ReadLines($"/proc/{process?.ToString(CultureInfo.InvariantCulture) ?? "self"}/smaps"))
        {
            // A mapping begins with its addresses, "7f...-7f... r--p offset device inode path"; its lines are "Name: value kB".
            var key = line.AsSpan(0, line.AsSpan().IndexOfAny(' ', ':') + 1);
            if (key.EndsWith(" "))
            {
                counts = line.Contains(folder, StringComparison.Ordinal);
            }
            else if (counts)
            {
                total = key switch
                {
                    "Size:" => total with { Size = total.Size + Bytes(line) },
                    "Rss:" => total with { Resident = total.Resident + Bytes(line) },
                    "Pss:" => total with { Share = total.Share + Bytes(line) },
                    _ => total,
                };
            }
        }

        return total;
    }

    private static long Bytes(string line)
    {
        var number = line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim();
        return long.Parse(number[..number.IndexOf(' ')], CultureInfo.InvariantCulture) << 10;
    }
}
