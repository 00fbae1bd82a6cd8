using System.Globalization;

namespace Pipeline.TestKit;

/// <summary>Memory of a process as Linux tells it.</summary>
public static class ProcessMemory
{
    /// <summary>Its proportional share (PSS): its own pages, and of each page that others have too, its part.</summary>
    public static long Share(int process) => Read(process, "smaps_rollup", "Pss:");

    /// <summary>The most that was ever resident, shared pages included.</summary>
    public static long Peak(int process) => Read(process, "status", "VmHWM:");

    private static long Read(int process, string file, string key)
    {
        var line = File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/{file}").First(line => line.StartsWith(key, StringComparison.Ordinal));
        var number = line.AsSpan(key.Length).Trim();
        return long.Parse(number[..number.IndexOf(' ')], CultureInfo.InvariantCulture) << 10;
    }
}
