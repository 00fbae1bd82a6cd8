using System.Text.RegularExpressions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary><c>experts.shards</c> without a cluster: the shards are all in this process.</summary>
public sealed partial class DividedTests : IDisposable
{
    private static readonly string[] Clips = ["samples/rabbit.mp4", "samples/moon-and-guitar.png", "--format", "jsonl", "--logprobs", "--quiet"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_text_and_every_logprob_are_those_of_the_undivided_model_and_what_is_recorded_divides_it_anew()
    {
        var load = _folder.File("load.json");
        var whole = await Cli.RunAsync(["caption", .. Clips, "--set", $"pipeline.experts.record={load}"]);
        var divided = await Cli.RunAsync(["caption", .. Clips, "--set", "pipeline.experts.shards=4", "--set", $"pipeline.experts.load={load}"]);

        Assert.Equal((0, ""), (whole.ExitCode, whole.Error));
        Assert.Equal((0, ""), (divided.ExitCode, divided.Error));
        Assert.Equal(Seconds().Replace(whole.Output, ""), Seconds().Replace(divided.Output, ""));
    }

    [Fact]
    public async Task What_the_model_cannot_be_divided_into_is_refused_by_the_settings_name()
    {
        var result = await Cli.RunAsync(["caption", .. Clips, "--set", "pipeline.experts.shards=1000"]);

        Assert.NotEqual(0, result.ExitCode);
        Assert.StartsWith("error: pipeline.experts.shards = 1000: the model has", result.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex("\"seconds\":[0-9.]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Seconds();
}
