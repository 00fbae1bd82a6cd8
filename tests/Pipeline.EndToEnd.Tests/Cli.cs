using System.Text;
using Pipeline.Commands;
using Pipeline.Kernels;
using Pipeline.Terminal;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What one command left behind.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error);

/// <summary>Runs a command in this process, as Main does.</summary>
internal static class Cli
{
    public static Task<CliResult> RunAsync(params string[] arguments) => RunAsync(arguments, workingFolder: SharedData.Root);

    public static async Task<CliResult> RunAsync(
        string[] arguments, string workingFolder, IReadOnlyDictionary<string, string>? environment = null, CancellationToken interrupted = default,
        Func<IDevice, IDevice>? aroundDevice = null, Action? onOutput = null)
    {
        using var output = new WatchedStream(onOutput ?? (() => { }));
        await using var error = new StringWriter();
        var code = await CommandLine.RunAsync(
            arguments,
            new Surroundings(
                output, error, IsTerminal: false, OutputIsTerminal: false, environment ?? new Dictionary<string, string>(), workingFolder, interrupted)
            {
                AroundDevice = aroundDevice ?? (device => device),
            });
        return new CliResult(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>Tells when something was written.</summary>
    private sealed class WatchedStream(Action written) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer);
            written();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await base.WriteAsync(buffer, cancellationToken);
            written();
        }
    }
}
