using System.Text;
using Pipeline.Commands;
using Pipeline.Terminal;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What one command left behind.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error);

/// <summary>Runs a command in this process, as Main does.</summary>
internal static class Cli
{
    public static Task<CliResult> RunAsync(params string[] arguments) => RunAsync(arguments, workingFolder: SharedData.Root);

    public static async Task<CliResult> RunAsync(
        string[] arguments, string workingFolder, IReadOnlyDictionary<string, string>? environment = null, CancellationToken interrupted = default)
    {
        using var output = new MemoryStream();
        await using var error = new StringWriter();
        var code = await CommandLine.RunAsync(
            arguments,
            new Surroundings(
                output, error, IsTerminal: false, OutputIsTerminal: false, environment ?? new Dictionary<string, string>(), workingFolder, interrupted));
        return new CliResult(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
