using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Commands;

public sealed class PlanTests
{
    private const string Scout = "tests/data/configs/scout";

    [Fact]
    public async Task A_plan_says_what_goes_where_and_at_which_rate()
    {
        var result = await Cli.RunAsync("plan", Scout, "--node", "expert:48GB", "x5", "--node", "engine:48GB", "--network", "10Gb");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        foreach (var line in new[]
        {
            "model          scout",
            "parameters     108,641,793,536, 217.3 GB",
            "experts        194 shards of 755 MB to 1.01 GB, 1 copy of each",
            "               24 GB weights, 536.9 MB keys and values",
            "missing        nothing",
            "on the wire    2 MB a token",
        })
        {
            Assert.Contains(line + "\n", result.Output, StringComparison.Ordinal);
        }

        Assert.Matches("(?m)^expert 2 to 5  38.* of 48 GB each, .* free$", result.Output);
        Assert.Matches("(?m)^16 sequences   [0-9.]+ tokens/s an engine; most of a step: expert nodes read their weights$", result.Output);
    }

    [Fact]
    public async Task What_is_missing_is_named_and_the_exit_code_says_so()
    {
        var result = await Cli.RunAsync("plan", Scout, "--node", "expert:32GB x5", "--node", "engine:24GB");

        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        Assert.Matches("(?m)^missing +[0-9.]+ GB on expert nodes: [0-9]+ of 194 shards have no place$", result.Output);
        Assert.Matches("(?m)^ +[0-9.]+ GB on engine 1$", result.Output);
        Assert.DoesNotContain("tokens/s", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_are_read_however_they_are_spelled()
    {
        string[][] spellings =
        [
            [Scout, "--node", "expert:48GB", "x5", "--node", "engine:48GB"],
            [Scout, "--node", "expert:48GBx5", "engine:48GB"],
            [Scout, "--node", "expert:48GB x5", "--node=engine:48GB"],
            ["--node", "expert:48GB*5", "--node", "engine:48GB", Scout],
            ["--node", "expert:48GB", "--node", "expert:48000MB", "x4", "engine:48GB", "--network", "10Gbit/s", "--", Scout],
        ];
        var outputs = new List<string>();
        foreach (var spelling in spellings)
        {
            outputs.Add((await Cli.RunAsync(["plan", .. spelling])).Output);
        }

        Assert.All(outputs, output => Assert.Equal(outputs[0], output));
        Assert.Contains("expert 1 ", outputs[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_json_alone_gives_the_same_plan_as_the_checkpoint_in_json_too()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("tiny-scout"));
        File.Copy(Path.Join(SharedData.Root, "models", "tiny-scout", "config.json"), folder.File("tiny-scout/config.json"));
        string[] nodes = ["--node", "engine,expert:2GB", "expert:1GB", "--shards", "4", "--replicas", "2", "--json"];

        var whole = await Cli.RunAsync(["plan", "models/tiny-scout", .. nodes]);
        var alone = await Cli.RunAsync(["plan", folder.File("tiny-scout"), .. nodes]);

        Assert.Equal((0, ""), (alone.ExitCode, alone.Error));
        Assert.Equal(whole.Output, alone.Output);
        var plan = JsonElement.Parse(alone.Output);
        Assert.Equal(23_982_336, plan.GetProperty("bytes").GetInt64());
        Assert.Equal(["engine,expert 1", "expert 1"], plan.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("name").GetString()!));
        Assert.All(plan.GetProperty("nodes").EnumerateArray(), node => Assert.Equal(48 * 294_912, node.GetProperty("shard_bytes").GetInt64()));
        Assert.Equal([1, 4, 16, 64], plan.GetProperty("decoding").EnumerateArray().Select(step => step.GetProperty("sequences").GetInt32()));
    }

    [Theory]
    [InlineData("no MODEL given", "--node", "expert:1GB")]
    [InlineData("no --node given", Scout)]
    [InlineData("--node x5: follows no node", Scout, "--node", "x5")]
    [InlineData("--node x0: how many times", Scout, "--node", "expert:1GB", "x0")]
    [InlineData("--node x2: follows no node", Scout, "--node", "expert:1GB", "x5", "x2")]
    [InlineData("--node expert:: \"\" is no memory size", Scout, "--node", "expert:")]
    [InlineData("--node expert:32gb: \"32gb\" is no memory size", Scout, "--node", "expert:32gb")]
    [InlineData("--node wizard:1GB: wizard is no role", Scout, "--node", "wizard:1GB")]
    [InlineData("--node 32GB: is no machine", Scout, "--node", "32GB")]
    [InlineData("--node a: is no machine", "--node", "expert:1GB", "a", "b")]
    [InlineData("--network 10: expected a rate such as 10Gb", Scout, "--node", "expert:1GB", "--network", "10")]
    [InlineData("--round-trip 0: expected a number above 0", Scout, "--node", "expert:1GB", "--round-trip", "0")]
    [InlineData("pipeline.experts.shards = 60000: the model has 48 layers of 16 experts", Scout, "--node", "expert:1GB", "--shards", "60000")]
    public async Task A_wrong_command_line_is_refused_by_name(string message, params string[] arguments)
    {
        var result = await Cli.RunAsync(["plan", .. arguments]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: " + message, result.Error, StringComparison.Ordinal);
    }
}
