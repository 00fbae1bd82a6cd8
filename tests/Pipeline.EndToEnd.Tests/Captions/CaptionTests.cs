using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Captions;

/// <summary>The main road: files to captions, in each format, to each kind of output.</summary>
public sealed class CaptionTests : IDisposable
{
    private const string Rabbit = "tests/data/eval/video-000.mp4";
    private const string RabbitCaption = "A rabbit moves up on a red background.";
    private const string Bee = "tests/data/eval/video-001.mp4";
    private const string BeeCaption = "A bee appears while a plane moves right on a purple background.";
    private const string Sunflower = "tests/data/eval/image-003.png";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_file_gives_its_caption_and_nothing_else() =>
        Assert.Equal(new CliResult(0, RabbitCaption + "\n", ""), await Cli.RunAsync("caption", Rabbit));

    [Fact]
    public async Task Many_files_give_a_line_each_in_their_order_with_errors_beside_them()
    {
        var result = await Cli.RunAsync("caption", Bee, "nowhere.mp4", Rabbit, "--quiet");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal($"{Bee}\t{BeeCaption}\n{Rabbit}\t{RabbitCaption}\n", result.Output);
        Assert.Equal("error: nowhere.mp4: no such file or folder\nhint: check the spelling; paths start from the working folder\n", result.Error);
    }

    [Fact]
    public async Task What_follows_two_dashes_is_a_path()
    {
        File.Copy(Path.Join(SharedData.Root, Rabbit), _folder.File("--force"));
        File.Copy(Path.Join(SharedData.Root, Bee), _folder.File("-x 100%d:'a'.mp4"));
        var result = await Cli.RunAsync(["caption", "--quiet", "--", "--force", "-x 100%d:'a'.mp4"], _folder.Path);

        Assert.Equal(new CliResult(0, $"--force\t{RabbitCaption}\n-x 100%d:'a'.mp4\t{BeeCaption}\n", ""), result);
    }

    [Fact]
    public async Task A_run_ends_with_a_summary()
    {
        var result = await Cli.RunAsync("caption", Rabbit, "nowhere.mp4");

        Assert.Matches("\n1 captioned, 1 failed, [0-9.]+ s\n$", result.Error);
    }

    [Fact]
    public async Task Jsonl_tells_all_of_a_caption_and_of_a_failure()
    {
        var result = await Cli.RunAsync("caption", Rabbit, "nowhere.mp4", Sunflower, "--format", "jsonl", "--quiet");
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(
            ["version", "index", "source", "kind", "start", "end", "prompt", "caption", "tokens", "mean_logprob", "finish_reason", "truncated", "model", "seconds"],
            lines[0].EnumerateObject().Select(field => field.Name));
        Assert.Equal(("video", 0.0, 2.0), (lines[0].GetProperty("kind").GetString(), lines[0].GetProperty("start").GetDouble(), lines[0].GetProperty("end").GetDouble()));
        Assert.Equal((RabbitCaption, "stop"), (lines[0].GetProperty("caption").GetString(), lines[0].GetProperty("finish_reason").GetString()));
        Assert.InRange(lines[0].GetProperty("mean_logprob").GetDouble(), -1, 0);
        Assert.Equal("source.missing", lines[1].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(("image", JsonValueKind.Null), (lines[2].GetProperty("kind").GetString(), lines[2].GetProperty("end").ValueKind));
        Assert.Equal([0, 1, 2], lines.Select(line => line.GetProperty("index").GetInt32()));
    }

    [Fact]
    public async Task A_subtitle_spans_the_clip_and_a_still_has_none()
    {
        var result = await Cli.RunAsync("caption", Rabbit, Sunflower, "--format", "srt", "--quiet");

        Assert.Equal((1, $"1\n00:00:00,000 --> 00:00:02,000\n{RabbitCaption}\n\n"), (result.ExitCode, result.Output));
        Assert.Equal(
            $"error: {Sunflower}: a still has no duration for a subtitle\nhint: use --format text or jsonl for pictures\n", result.Error);
    }

    [Fact]
    public async Task A_folder_of_results_mirrors_its_sources_and_a_second_run_finds_them_done()
    {
        Directory.CreateDirectory(_folder.File("in/a"));
        foreach (var name in new[] { "in/a/x.mp4", "in/a/x.m4v", "in/y.mp4" })
        {
            File.Copy(Path.Join(SharedData.Root, Rabbit), _folder.File(name));
        }

        string[] arguments = ["caption", "in", "--output", "out/", "--format", "vtt"];
        Assert.Equal(0, (await Cli.RunAsync(arguments, _folder.Path)).ExitCode);
        Assert.Equal(
            ["a/x.m4v.vtt", "a/x.mp4.vtt", "y.vtt"],
            Directory.GetFiles(_folder.File("out"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder.File("out"), file)).Order(StringComparer.Ordinal));
        Assert.Equal($"WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{RabbitCaption}\n\n", await File.ReadAllTextAsync(_folder.File("out/y.vtt")));

        File.Delete(_folder.File("out/y.vtt"));
        Assert.StartsWith("1 captioned, 2 already done,", (await Cli.RunAsync([.. arguments, "--skip-existing"], _folder.Path)).Error, StringComparison.Ordinal);
        var refused = await Cli.RunAsync(arguments, _folder.Path);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("out/y.vtt is there already\nhint: --force overwrites it, --skip-existing leaves it out\n", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_output_file_is_not_overwritten_without_force()
    {
        await File.WriteAllTextAsync(_folder.File("out.txt"), "precious");
        string[] arguments = ["caption", Rabbit, "--output", _folder.File("out.txt")];

        Assert.Equal(new CliResult(2, "", $"error: {_folder.File("out.txt")}: is there already\nhint: --force overwrites it\n"), await Cli.RunAsync(arguments));
        Assert.Equal("precious", await File.ReadAllTextAsync(_folder.File("out.txt")));
        Assert.Equal(0, (await Cli.RunAsync([.. arguments, "--skip-existing"])).ExitCode);
        Assert.Equal("precious", await File.ReadAllTextAsync(_folder.File("out.txt")));
        Assert.Equal(0, (await Cli.RunAsync([.. arguments, "--force"])).ExitCode);
        Assert.Equal(RabbitCaption + "\n", await File.ReadAllTextAsync(_folder.File("out.txt")));
    }

    [Fact]
    public async Task Fail_fast_ends_at_the_first_failure()
    {
        var result = await Cli.RunAsync("caption", "nowhere.mp4", Rabbit, Bee, "--fail-fast", "--quiet");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task Ask_asks_of_each_file() =>
        Assert.Equal(
            new CliResult(0, "Blue.\n", ""), await Cli.RunAsync("ask", "What color is the background?", "tests/data/eval/vqa-004.mp4"));

    [Fact]
    public async Task Generate_answers_a_turn_and_the_same_seed_draws_the_same_text()
    {
        Assert.Equal(new CliResult(0, "7.\n", ""), await Cli.RunAsync("generate", "What is 3 plus 4?"));

        string[] drawn = ["generate", "Describe the video.", "--temperature", "3", "--seed", "5", "--max-tokens", "20"];
        var first = await Cli.RunAsync(drawn);
        Assert.Equal(0, first.ExitCode);
        Assert.Equal(first, await Cli.RunAsync(drawn));
        Assert.NotEqual(first.Output, (await Cli.RunAsync([.. drawn.Select(part => part == "5" ? "6" : part)])).Output);
    }

    [Fact]
    public async Task An_interrupted_run_says_so()
    {
        var result = await Cli.RunAsync(["caption", Rabbit, Bee], SharedData.Root, interrupted: new CancellationToken(canceled: true));

        Assert.Equal((130, ""), (result.ExitCode, result.Output));
    }
}
