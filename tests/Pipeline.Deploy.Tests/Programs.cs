using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Pipeline.Terminal;

namespace Pipeline.Deploy.Tests;

/// <summary>Programs of this machine.</summary>
internal static class Programs
{
    /// <summary>Runs one to its end.</summary>
    /// <returns>What it said, on both of its streams.</returns>
    public static (int ExitCode, string Output) Run(string program, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? SharedData.Root,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}

/// <summary>Versions that files repeat.</summary>
internal static class Versions
{
    public static string Program { get; } =
        typeof(Surroundings).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}

/// <summary>Text with variables in it, as Kubernetes and Compose write them.</summary>
internal static partial class Values
{
    /// <summary>Names in <c>$(NAME)</c>.</summary>
    public static IEnumerable<string> Names(string text) => InBrackets().Matches(text).Select(match => match.Groups["name"].Value);

    /// <summary>Puts values for <c>$(NAME)</c>.</summary>
    public static string Fill(string text, IReadOnlyDictionary<string, string> values) =>
        InBrackets().Replace(text, match => values[match.Groups["name"].Value]);

    /// <summary>Puts the defaults for <c>${NAME:-default}</c>.</summary>
    public static string Default(string text) => InBraces().Replace(text, match => match.Groups["default"].Value);

    [GeneratedRegex(@"\$\((?<name>\w+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InBrackets();

    [GeneratedRegex(@"\$\{\w+:-(?<default>[^}]*)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InBraces();
}
