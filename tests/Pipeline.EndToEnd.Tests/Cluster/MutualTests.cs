using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.EndToEnd.Tests.Processes;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary>Two processes, each engine and expert of the other.</summary>
[Collection(TimedCollection.Name)]
public sealed partial class MutualTests(ITestOutputHelper output)
{
    /// <summary>Captions that each process makes at once: their steps, prompts and pictures all need the other process.</summary>
    private const int AtOnce = 4;

    private static readonly string[] Clips = ["video-000.mp4", "image-003.png", "video-005.mp4"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(TestCampaign.IsLong ? 60 : 4);

    /// <summary>A step that waited for its deadline would fail its captions, as nothing here is tried again.</summary>
    [Fact]
    public async Task Both_step_at_once_and_no_step_reaches_its_deadline()
    {
        var expected = await Task.WhenAll(Clips.Select(OneProcessAsync));
        string[] arguments =
        [
            "--role", "engine,expert", "--shards", "4", "--set", "pipeline.cluster.minimum-experts=2", "--set", "pipeline.experts.deadline=10s", "--set", "pipeline.server.outside-deadline=0s",
        ];
        using var first = await NodeProcess.StartAsync(arguments);
        using var second = await NodeProcess.StartAsync([.. arguments, "--join", first.Name]);
        using HttpClient one = Client(first), two = Client(second);
        foreach (var http in (HttpClient[])[one, two])
        {
            await Eventually.IsTrue(() => http.GetAsync("/health/ready").Result.IsSuccessStatusCode, "all shards have a place");
            Assert.Equal(2, await CountAsync(http, "pipeline_experts_shards_held"));
        }

        var started = Stopwatch.GetTimestamp();
        var captions = await Task.WhenAll(Enumerable.Range(0, 2 * AtOnce).Select(async i =>
        {
            var made = 0;
            do
            {
                var clip = (i + made) % Clips.Length;
                Assert.Equal(expected[clip], await CaptionAsync(i % 2 == 0 ? one : two, Clips[clip]));
                made++;
            }
            while (Stopwatch.GetElapsedTime(started) < Patience);

            return made;
        }));

        foreach (var http in (HttpClient[])[one, two])
        {
            var (steps, rows, resends) = (await CountAsync(http, "pipeline_decoder_steps"), await CountAsync(http, "pipeline_experts_rows"), await CountAsync(http, "pipeline_experts_resends"));
            output.WriteLine($"{captions.Sum()} captions in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s; this process: {steps} steps, {rows} expert rows, {resends} requests sent again");
            Assert.True(steps > 0 && rows > steps, "both worked for both");
        }
    }

    private static HttpClient Client(NodeProcess node) => new() { BaseAddress = new Uri(node.Ready.GetProperty("http").GetString()!) };

    private static async Task<string> OneProcessAsync(string clip)
    {
        var result = await Cli.RunAsync("caption", Path(clip), "--format", "jsonl", "--quiet");
        return CaptionOf(result.Output);
    }

    private static async Task<string> CaptionAsync(HttpClient http, string clip)
    {
        using var body = new ByteArrayContent(await File.ReadAllBytesAsync(Path(clip)));
        using var answer = await http.PostAsync("/v1/captions", body);
        var json = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, json);
        return CaptionOf(json);
    }

    private static string CaptionOf(string json) => JsonElement.Parse(json).GetProperty("caption").GetString()!;

    private static string Path(string clip) => System.IO.Path.Join(SharedData.Root, "tests", "data", "eval", clip);

    /// <summary>What <c>/metrics</c> says of an instrument.</summary>
    private static async Task<long> CountAsync(HttpClient http, string name)
    {
        var line = Metric().Matches(await http.GetStringAsync("/metrics")).Single(match => match.Groups["name"].Value.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Groups["value"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("^(?<name>pipeline_[a-z_]+)(\\{[^}]*\\})? (?<value>[0-9]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Metric();
}
