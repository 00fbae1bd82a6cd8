using System.Runtime.InteropServices;

namespace Pipeline.Bench;

/// <summary>What this machine computes with.</summary>
internal static class HostProcessor
{
    private const string CpuInfo = "/proc/cpuinfo";

    /// <summary>The processor by its maker's name, where Linux tells it, else by its architecture.</summary>
    public static string Name { get; } =
        (File.Exists(CpuInfo) ? File.ReadLines(CpuInfo) : [])
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
        ?? RuntimeInformation.ProcessArchitecture.ToString();
}
