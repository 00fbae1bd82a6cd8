using System.Text;
using System.Text.Json;
using Pipeline.Commands;
using Pipeline.Terminal;

namespace Pipeline.EndToEnd.Tests.Commands;

public sealed class BenchTests : IDisposable
{
    private const int Tokens = 4;

    private static readonly string[] s_small =
    [
        "--hidden", "64", "--layers", "2", "--heads", "4", "--head-size", "16", "--inner", "96", "--experts", "8",
        "--vocabulary", "400", "--vision-layers", "1", "--vision-hidden", "32", "--vision-heads", "2", "--image-size", "56",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_made_model_is_measured_and_every_figure_is_a_share_of_a_limit()
    {
        var json = await Measure("--rounds", "1", "--prompts", "8,40", "--sequences", "1,2,16", "--tokens", $"{Tokens}", "--context", "12");

        Assert.Equal(1, json.GetProperty("version").GetInt32());
        Assert.StartsWith("cpu, ", json.GetProperty("device").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(json.GetProperty("processor").GetString()!);
        Assert.Equal(_folder.File("model"), json.GetProperty("model").GetString());
        var limits = json.GetProperty("limits");
        var (reading, multiplying) = (limits.GetProperty("reading_bytes_per_second"), limits.GetProperty("operations_per_second"));
        Assert.All(new[] { reading, multiplying, limits.GetProperty("copying_bytes_per_second") }, limit => Assert.True(Median(limit) > 0));

        var (prefill, decode, vision) = (Figures(json, "prefill"), Figures(json, "decode"), Figures(json, "vision"));
        Assert.Equal([8, 40], prefill.Select(figure => figure.GetProperty("tokens").GetInt32()));
        Assert.Equal([1, 2, 16], decode.Select(figure => figure.GetProperty("sequences").GetInt32()));
        var tiles = Assert.Single(vision).GetProperty("tiles").GetInt32();

        // One round: a share is what stands beside it, over a limit of that moment.
        foreach (var (figure, unit, yield) in prefill.Zip([8, 40], (figure, size) => (figure, "tokens", size))
            .Concat(decode.Zip([1, 2, 16], (figure, size) => (figure, "tokens", size * Tokens)))
            .Append((vision[0], "tiles", tiles)))
        {
            var runs = Median(figure, $"{unit}_per_second") / yield;
            AssertShare(Median(figure, "share_of_multiply_adds"), runs * figure.GetProperty("operations").GetDouble(), multiplying);
            if (figure.TryGetProperty("bytes", out var bytes))
            {
                AssertShare(Median(figure, "share_of_reading"), runs * bytes.GetDouble(), reading);
            }
        }

        static void AssertShare(double share, double reached, JsonElement limit) =>
            Assert.InRange(share / reached, 0.999 / limit.GetProperty("highest").GetDouble(), 1.001 / limit.GetProperty("lowest").GetDouble());
    }

    [Fact]
    public async Task Sequences_share_the_weights_that_a_step_reads()
    {
        var json = await Measure("--rounds", "2", "--prompts", "8", "--sequences", "1,16", "--tokens", $"{Tokens}", "--context", "1");
        var weights = json.GetProperty("weight_bytes").GetDouble();
        var bytes = Figures(json, "decode").Select(figure => figure.GetProperty("bytes").GetDouble() / Tokens).ToArray();
        var operations = Figures(json, "decode").Select(figure => figure.GetProperty("operations").GetDouble()).ToArray();

        Assert.InRange(bytes[0], weights / 20, weights);
        Assert.InRange(bytes[1], bytes[0], 6 * bytes[0]); // 8 experts and shared layers, read once, for 16 times the tokens
        Assert.Equal(16 * operations[0], operations[1], tolerance: 1);
        foreach (var spread in Figures(json, "decode").SelectMany(figure => figure.EnumerateObject()).Where(field => field.Value.ValueKind == JsonValueKind.Object))
        {
            var (lowest, highest) = (spread.Value.GetProperty("lowest").GetDouble(), spread.Value.GetProperty("highest").GetDouble());
            Assert.True(lowest > 0, spread.Name);
            Assert.InRange(Median(spread.Value), lowest, highest);
        }
    }

    [Fact]
    public async Task Another_device_is_measured_by_its_own_limits()
    {
        var json = await Measure(
            "--device", "simulator", "--set", "pipeline.vision.batch-tiles=1", "--rounds", "1", "--prompts", "4", "--sequences", "1", "--tokens", "1", "--context", "1");

        Assert.StartsWith("simulator", json.GetProperty("device").GetString(), StringComparison.Ordinal);
        Assert.Equal("float32", json.GetProperty("limits").GetProperty("multiplication").GetString());
        Assert.All(
            new[] { "prefill", "decode", "vision" },
            kind => Assert.True(Median(Assert.Single(Figures(json, kind)), "share_of_multiply_adds") > 0));
    }

    [Fact]
    public async Task The_table_is_plain_text()
    {
        await Make();
        var result = await Cli.RunAsync("bench", _folder.File("model"), "--rounds", "1", "--prompts", "8", "--sequences", "1,2", "--tokens", "1", "--context", "1");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches("(?m)^  reading +[0-9.,]+ +[0-9.,]+ +[0-9.,]+  GB/s$", result.Output);
        Assert.Matches("(?m)^  prefill, 8 tokens +[0-9.,]+ +[0-9.,]+ +[0-9.,]+  tokens +[0-9,]+ % of multiply-adds$", result.Output);
        Assert.Matches("(?m)^  decode, 1 sequence +[0-9.,]+ .* % of reading, [0-9,]+ % of multiply-adds$", result.Output);
        Assert.Matches("(?m)^  decode, 2 sequences +[0-9.,]+ ", result.Output);
        Assert.Matches("(?m)^  vision, [0-9]+ tiles +[0-9.,]+ .*  tiles ", result.Output);
        Assert.DoesNotContain('\e', result.Output);
    }

    [Theory]
    [InlineData("--sequences 4,x: expected whole numbers from 1 to 4096 with commas between", "--sequences", "4,x")]
    [InlineData("--sequences 0: expected whole numbers from 1 to 4096", "--sequences", "0")]
    [InlineData("--sequences: is given more than once", "--sequences", "1", "--sequences", "2")]
    [InlineData("--rounds 0: expected a whole number from 1 to 1000", "--rounds", "0")]
    [InlineData("--prompts: 9000 tokens, and the model takes 8192", "--prompts", "9000")]
    [InlineData("--context and --tokens together: 9016 tokens, and the model takes 8192", "--context", "9000")]
    [InlineData("--hidden: needs --make DIR", "--hidden", "64")]
    [InlineData("--text-only: needs --make DIR", "--text-only")]
    [InlineData("--make and --json contradict each other", "--make", "x", "--json")]
    [InlineData("--make and MODEL contradict each other", "--make", "x", "models/tiny-scout")]
    [InlineData("--type fp8: expected one of f32, f16, bf16", "--make", "x", "--type", "fp8")]
    [InlineData("config.json: text_config.num_key_value_heads is 3", "--make", "/nowhere/x", "--kv-heads", "3")]
    [InlineData("/nowhere/x: the model takes ", "--make", "/nowhere/x", "--hidden", "65536", "--inner", "65536", "--layers", "500")]
    public async Task A_wrong_command_line_is_refused_by_name(string message, params string[] arguments)
    {
        var result = await Cli.RunAsync(["bench", .. arguments]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: " + message, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists("/nowhere"));
    }

    [Fact]
    public async Task A_model_is_never_overwritten()
    {
        await Make();
        var before = await File.ReadAllBytesAsync(_folder.File("model/config.json"));
        var result = await Cli.RunAsync(["bench", "--make", _folder.File("model"), "--seed", "2", .. s_small]);

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"error: {_folder.File("model")}: is there already and is not overwritten\nhint: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_folder.File("model/config.json")));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_with_numbers()
    {
        var result = await Cli.RunAsync("bench", "--sequences", "4096", "--context", "8000");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Matches(
            "^error: .*/tiny-scout: needs [0-9.]+ GB \\([0-9.]+ GB of weights, [0-9.]+ GB of keys, values and scratch\\); cpu, .* has [0-9.]+ GB\nhint: ",
            result.Error);
    }

    [Fact]
    public async Task Interrupted_in_a_round_it_ends_at_once_and_says_nothing()
    {
        using var interrupted = new CancellationTokenSource();
        using var output = new MemoryStream();
        await using var screen = new Screen("round 2 of 1000", interrupted.Cancel);
        var code = await CommandLine.RunAsync(
            ["bench", "--rounds", "1000", "--prompts", "8", "--sequences", "1", "--tokens", "1"],
            new Surroundings(output, screen, IsTerminal: true, OutputIsTerminal: false, new Dictionary<string, string>(), SharedData.Root, interrupted.Token));

        Assert.Equal(130, code);
        Assert.Equal(0, output.Length);
        Assert.EndsWith("\r\e[K", screen.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("round 4", screen.Text, StringComparison.Ordinal);
    }

    private async Task<JsonElement> Measure(params string[] arguments)
    {
        await Make();
        var result = await Cli.RunAsync(["bench", _folder.File("model"), "--json", .. arguments]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private async Task Make()
    {
        var result = await Cli.RunAsync(["bench", "--make", _folder.File("model"), .. s_small]);
        Assert.Equal((0, ""), (result.ExitCode, result.Output));
        Assert.Matches($"^{_folder.File("model")}: [0-9.]+ M parameters, [0-9.]+ M active a token, [0-9.]+ GB\n$", result.Error);
    }

    private static JsonElement[] Figures(JsonElement json, string kind) => [.. json.GetProperty(kind).EnumerateArray()];

    private static double Median(JsonElement figure, string name) => Median(figure.GetProperty(name));

    private static double Median(JsonElement spread) => spread.GetProperty("median").GetDouble();

    /// <summary>Does something once when a text has been written to it.</summary>
    private sealed class Screen(string awaited, Action onSeen) : StringWriter
    {
        public string Text => GetStringBuilder().ToString();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Flush()
        {
            if (Text.Contains(awaited, StringComparison.Ordinal))
            {
                onSeen();
            }
        }
    }
}
