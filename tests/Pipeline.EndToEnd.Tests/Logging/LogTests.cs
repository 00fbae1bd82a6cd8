namespace Pipeline.EndToEnd.Tests.Logging;

/// <summary>Logs of a process of its own, as they are the process's.</summary>
public sealed class LogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Logs_go_to_standard_error_and_to_a_file_and_never_beside_results()
    {
        var result = Tool.Run("dotnet",
        [
            Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), "generate", "What is 3 plus 4?",
            "--set", "pipeline.log.level=debug", "--set", $"pipeline.log.file={_folder.File("run.log")}",
        ]);

        Assert.Equal((0, "7.\n"), (result.ExitCode, result.Output));
        Assert.Contains(" DBG EventStream(pipeline) Default Loggers started", result.Error, StringComparison.Ordinal);
        var logged = File.ReadAllText(Assert.Single(Directory.GetFiles(_folder.Path, "run*.log")));
        Assert.Contains(" INF CoordinatedShutdown", logged, StringComparison.Ordinal);
        Assert.DoesNotContain(" DBG ", logged, StringComparison.Ordinal);
    }
}
