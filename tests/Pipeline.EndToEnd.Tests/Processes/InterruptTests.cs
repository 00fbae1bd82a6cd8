using System.Diagnostics;

namespace Pipeline.EndToEnd.Tests.Processes;

/// <summary>The program as a process of its own, which is asked to end.</summary>
[Collection(TimedCollection.Name)]
public sealed class InterruptTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(1);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_it_in_a_second_and_finished_results_stay(string signal)
    {
        var output = _folder.File("out.jsonl");
        using var process = Start("caption", "tests/data/eval", "--concurrency", "2", "--format", "jsonl", "--output", output);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!File.Exists(output + ".partial") || new FileInfo(output + ".partial").Length == 0)
        {
            await Task.Delay(10, patience.Token);
        }

        Tool.Run("bash", ["-c", $"kill -{signal} {process.Id}"]);
        var asked = Stopwatch.GetTimestamp();
        var error = await process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);

        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, s_limit);
        Assert.Equal(130, process.ExitCode);
        Assert.Contains($"finished results are in {output}.partial\n", error, StringComparison.Ordinal);
        Assert.All(await File.ReadAllLinesAsync(output + ".partial", patience.Token), line => Assert.EndsWith("}", line, StringComparison.Ordinal));
        Assert.False(File.Exists(output));
        while (MarkedProcesses.Find($"TMPDIR={_folder.Path}") is { Count: > 0 } left)
        {
            Assert.True(Stopwatch.GetElapsedTime(asked) < s_limit, $"left behind: {string.Join(", ", left.Values)}");
            await Task.Delay(10, patience.Token);
        }
    }

    [Fact]
    public async Task It_ends_quietly_when_nobody_reads_its_results_any_more()
    {
        using var process = Start("caption", "tests/data/eval", "--format", "jsonl", "--quiet");
        process.StandardOutput.Close();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal((0, ""), (process.ExitCode, error));
    }

    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = SharedData.Root,
        Environment = { ["TMPDIR"] = _folder.Path }, // marks its children as well
    })!;
}
