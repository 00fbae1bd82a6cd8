using System.Diagnostics;
using System.Text.RegularExpressions;
using Pipeline.EndToEnd.Tests.Processes;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary><c>caption --profile sharded</c>: the experts in two processes of the run's own.</summary>
[Collection(TimedCollection.Name)]
public sealed partial class ShardedProfileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_text_and_every_logprob_are_those_of_one_process()
    {
        string[] clips = ["tests/data/eval/video-000.mp4", "tests/data/eval/video-005.mp4", "tests/data/eval/image-003.png", "--format", "jsonl", "--logprobs", "--quiet"];
        using var sharded = Start(["--profile", "sharded", .. clips]);
        var output = await sharded.StandardOutput.ReadToEndAsync();
        Assert.Equal("", await sharded.StandardError.ReadToEndAsync());
        await sharded.WaitForExitAsync();
        var one = await Cli.RunAsync(["caption", .. clips]);

        Assert.Equal((0, 0), (sharded.ExitCode, one.ExitCode));
        Assert.Equal(WithoutTimes(one.Output), WithoutTimes(output));
        await NobodyIsLeft();
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("INT")]
    public async Task However_the_run_ends_its_processes_end_with_it(string signal)
    {
        using var run = Start("--profile", "sharded", "tests/data/eval", "--format", "jsonl", "--quiet");
        Assert.NotNull(await run.StandardOutput.ReadLineAsync());
        Assert.Equal(3, Left().Values.Count(command => command.Contains("Pipeline.dll", StringComparison.Ordinal)));

        Tool.Run("bash", ["-c", $"kill -{signal} {run.Id}"]);
        await run.WaitForExitAsync();

        Assert.Equal(signal == "KILL" ? 137 : 130, run.ExitCode);
        await NobodyIsLeft();
    }

    /// <summary>Either child: which of the two has the lower address must not matter.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task The_loss_of_one_of_its_processes_changes_no_text(int child)
    {
        string[] clips = ["tests/data/eval", "--format", "jsonl", "--quiet", "--max-tokens", "12"];
        var one = await Cli.RunAsync(["caption", .. clips]);
        using var run = Start(["--profile", "sharded", .. clips]);
        var first = await run.StandardOutput.ReadLineAsync();
        var children = Left().Where(process => process.Value.Contains(" node ", StringComparison.Ordinal)).Select(process => process.Key).Order().ToArray();
        Assert.Equal(2, children.Length);

        Tool.Run("bash", ["-c", $"kill -KILL {children[child]}"]);
        var output = $"{first}\n{await run.StandardOutput.ReadToEndAsync()}";
        Assert.DoesNotContain("error", await run.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        await run.WaitForExitAsync();

        Assert.Equal((0, 0), (run.ExitCode, one.ExitCode));
        Assert.Equal(WithoutTimes(one.Output), WithoutTimes(output));
        await NobodyIsLeft();
    }

    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), "caption", .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = SharedData.Root,
        Environment = { ["TMPDIR"] = _folder.Path }, // marks its children as well
    })!;

    private static string[] WithoutTimes(string lines) =>
        [.. lines.Split('\n').Select(line => Seconds().Replace(line, ""))];

    [GeneratedRegex("\"seconds\":[0-9.]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Seconds();

    private Task NobodyIsLeft() => Eventually.IsTrue(() => Left().Count == 0, "no process of the run is left", seconds: 5);

    private IReadOnlyDictionary<int, string> Left() => MarkedProcesses.Find($"TMPDIR={_folder.Path}");
}
