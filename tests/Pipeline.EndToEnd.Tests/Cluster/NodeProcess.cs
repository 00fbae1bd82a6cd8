using System.Diagnostics;
using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary><c>node</c> as a process of its own; killed when it is disposed.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _error;

    private NodeProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>What the ready line says; undefined where the node ended before it.</summary>
    public JsonElement Ready { get; private set; }

    public string Name => Ready.GetProperty("node").GetString()!;

    public int Id => _process.Id;

    /// <summary>Starts a node of tiny-scout on free ports and waits until it serves.</summary>
    public static Task<NodeProcess> StartAsync(params string[] arguments) => StartOnAsync([], ["--listen", "127.0.0.1:0", .. arguments]);

    /// <summary>The same on another host, where the arguments say how it is reached.</summary>
    /// <param name="host">What stands before a command that runs there.</param>
    /// <param name="arguments">What follows <c>node</c>.</param>
    public static async Task<NodeProcess> StartOnAsync(string[] host, string[] arguments)
    {
        var node = Start(host, ["--json", .. arguments]);
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            node.Ready = await node._process.StandardOutput.ReadLineAsync(patience.Token) is { } line
                ? JsonElement.Parse(line)
                : throw new InvalidOperationException(await node._error);
            return node;
        }
        catch
        {
            node.Dispose();
            throw;
        }
    }

    /// <summary>Runs a node that cannot start, to its end.</summary>
    public static async Task<CliResult> FailAsync(params string[] arguments)
    {
        using var node = Start([], arguments);
        return await node.EndAsync();
    }

    public void Signal(string signal) => Tool.Run("bash", ["-c", $"kill -{signal} {Id}"]);

    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Waits until the process has ended by itself.</summary>
    public async Task<CliResult> EndAsync(int seconds = 60)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var output = await _process.StandardOutput.ReadToEndAsync(patience.Token);
        await _process.WaitForExitAsync(patience.Token);
        return new CliResult(_process.ExitCode, output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static NodeProcess Start(string[] host, string[] arguments) => new(Process.Start(new ProcessStartInfo(
        "/usr/bin/env", [.. host, "dotnet", Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), "node", .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = SharedData.Root,
    })!);
}
