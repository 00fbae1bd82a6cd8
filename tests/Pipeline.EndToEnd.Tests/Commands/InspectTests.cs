namespace Pipeline.EndToEnd.Tests.Commands;

public sealed class InspectTests
{
    [Fact]
    public async Task The_default_model_is_found_from_any_folder_and_described()
    {
        var result = await Cli.RunAsync(["inspect"], workingFolder: "/");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("model               tiny-scout\narchitecture        Llama 4, text and vision\nlayers              6: 6 with experts", result.Output, StringComparison.Ordinal);
        foreach (var name in new[] { "parameters", "active a token", "routed experts", "vision", "weights, as stored", "keys and values", "memory needed" })
        {
            Assert.Matches($"(?m)^{name}  +[0-9]", result.Output);
        }
    }

    [Fact]
    public async Task A_model_is_named_by_argument_then_variable_then_setting()
    {
        var environment = new Dictionary<string, string> { ["PIPELINE_MODEL"] = "tests/data/goldens/top2" };
        var setting = new[] { "--set", "pipeline.model.path=tests/data/goldens/scout-like" };

        Assert.Contains("maverick-like\n", (await Cli.RunAsync(["inspect", "tests/data/goldens/maverick-like", .. setting], SharedData.Root, environment)).Output, StringComparison.Ordinal);
        Assert.Contains("top2\n", (await Cli.RunAsync(["inspect", .. setting], SharedData.Root, environment)).Output, StringComparison.Ordinal);
        Assert.Contains("scout-like\n", (await Cli.RunAsync(["inspect", .. setting], SharedData.Root)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_model_says_how_one_is_downloaded()
    {
        var result = await Cli.RunAsync("inspect", "nowhere/scout");

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith($"error: {SharedData.Root}/nowhere/scout: no such model directory\nhint: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("hf download", result.Error, StringComparison.Ordinal);
    }
}
