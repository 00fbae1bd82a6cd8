namespace Pipeline.EndToEnd.Tests.Commands;

public sealed class HelpTests
{
    [Theory]
    [InlineData("pipeline")]
    [InlineData("caption")]
    [InlineData("ask")]
    [InlineData("generate")]
    [InlineData("inspect")]
    [InlineData("verify")]
    [InlineData("plan")]
    [InlineData("node")]
    [InlineData("nodes")]
    [InlineData("devices")]
    [InlineData("bench")]
    public async Task Help_is_what_was_agreed_in_80_columns_with_an_example(string command)
    {
        var help = command == "pipeline" ? await Cli.RunAsync("--help") : await Cli.RunAsync(command, "--help");
        var snapshot = Path.Join(SharedData.Root, "tests", "Pipeline.EndToEnd.Tests", "Help", command + ".txt");

        Assert.Equal((0, ""), (help.ExitCode, help.Error));
        Assert.Equal(await File.ReadAllTextAsync(snapshot), help.Output);
        Assert.All(help.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains("\nExample:\n  pipeline ", help.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_told()
    {
        var version = await Cli.RunAsync("--version");

        Assert.Equal(0, version.ExitCode);
        Assert.Matches("^pipeline [0-9]+\\.[0-9]+\\.[0-9]+\n$", version.Output);
    }
}
