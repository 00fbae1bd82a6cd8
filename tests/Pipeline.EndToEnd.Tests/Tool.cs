using System.Diagnostics;

namespace Pipeline.EndToEnd.Tests;

/// <summary>Runs another program to its end.</summary>
internal static class Tool
{
    /// <summary>Makes a file with ffmpeg, which must succeed.</summary>
    public static void Ffmpeg(params string[] arguments)
    {
        var result = Run("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    public static CliResult Run(string program, string[] arguments, string? workingFolder = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = workingFolder ?? SharedData.Root,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CliResult(process.ExitCode, output, error.Result);
    }
}
