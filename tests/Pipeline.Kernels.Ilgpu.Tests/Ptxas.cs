using System.Diagnostics;

namespace Pipeline.Kernels.Tests;

/// <summary>NVIDIA's assembler of PTX, of the CUDA toolkit; the tests that ask it are skipped where it is not installed.</summary>
internal static class Ptxas
{
    public static bool IsInstalled { get; } = Environment.GetEnvironmentVariable("PATH")!
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Join(folder, "ptxas")));

    /// <summary>What it reports of a program that it assembles.</summary>
    public static string Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ptxas", arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        var report = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, report);
        return report;
    }
}

/// <summary>A theory that needs ptxas.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PtxasTheoryAttribute : TheoryAttribute
{
    public PtxasTheoryAttribute() => Skip = Ptxas.IsInstalled ? null! : "no ptxas is installed";
}
