using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Captions;

/// <summary>Inputs that are not as they should be: each is told by name, and the run goes on.</summary>
public sealed class BadInputTests : IDisposable
{
    private static readonly string s_clip = Path.Join(SharedData.Root, "tests/data/eval/video-000.mp4");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_empty_file()
    {
        File.WriteAllBytes(_folder.File("x.mp4"), []);
        await Fails("x.mp4", "empty");
    }

    [Fact]
    public async Task A_text_named_mp4()
    {
        File.WriteAllText(_folder.File("x.mp4"), "This is no video at all, whatever its name says.\n");
        await Fails("x.mp4", "");
    }

    [Fact]
    public async Task Sound_alone()
    {
        Tool.Ffmpeg("-f", "lavfi", "-i", "sine=duration=1", _folder.File("x.mp4"));
        await Fails("x.mp4", "no video stream (audio only)");
    }

    [Fact]
    public async Task A_concat_script_and_a_playlist()
    {
        File.WriteAllText(_folder.File("x.mp4"), $"ffconcat version 1.0\nfile '{s_clip}'\n");
        await Fails("x.mp4", "");
        File.WriteAllText(_folder.File("x.mp4"), $"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{s_clip}\n#EXT-X-ENDLIST\n");
        await Fails("x.mp4", "");
    }

    [Fact]
    public async Task A_picture_beyond_the_limit_is_refused_before_it_is_decoded()
    {
        Tool.Ffmpeg("-f", "lavfi", "-i", "color=size=64x64", "-frames:v", "1", _folder.File("x.png"));

        await Fails("x.png", "64x64 is beyond pipeline.media.max-pixels", "--set", "pipeline.media.max-pixels=4095");
    }

    [Fact]
    public async Task A_picture_of_one_pixel_is_a_picture()
    {
        Tool.Ffmpeg("-f", "lavfi", "-i", "color=size=64x64", "-frames:v", "1", "-vf", "format=rgb24,crop=1:1", _folder.File("x.png"));

        Assert.Equal(0, (await Cli.RunAsync(["caption", "x.png"], _folder.Path)).ExitCode);
    }

    [Fact]
    public async Task A_folder_with_none()
    {
        Directory.CreateDirectory(_folder.File("in"));
        File.WriteAllText(_folder.File("in/readme.txt"), "nothing here");
        await Fails("in", "no picture or video there (1 other file skipped)");
    }

    [Fact]
    public async Task A_truncated_clip_is_captioned_as_far_as_it_goes()
    {
        Tool.Ffmpeg("-i", s_clip, "-c", "copy", "-movflags", "faststart", _folder.File("whole.mp4"));
        var whole = File.ReadAllBytes(_folder.File("whole.mp4"));
        File.WriteAllBytes(_folder.File("x.mp4"), whole[..(whole.Length * 3 / 4)]);
        var result = await Cli.RunAsync(["caption", "x.mp4", "--format", "jsonl"], _folder.Path);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.True(JsonDocument.Parse(result.Output).RootElement.GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public async Task A_missing_model()
    {
        var result = await Cli.RunAsync("caption", s_clip, "--model", "/nowhere/scout");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: /nowhere/scout: no such model directory\nhint: Fetch a model", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ffmpeg_missing()
    {
        var result = await Cli.RunAsync("caption", s_clip, "--set", "pipeline.media.ffmpeg=/nowhere/ffmpeg");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Matches("^error: .*ffmpeg.*\nhint: ", result.Error);
    }

    [RootFact]
    public async Task A_full_disk_ends_the_run_and_keeps_what_is_finished()
    {
        using var disk = new SmallDisk(_folder.File("disk"), bytes: 4096);
        var output = _folder.File("disk/out.jsonl");
        var result = await Cli.RunAsync("caption", "tests/data/eval", "--format", "jsonl", "--output", output);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"error: {output}: No space left on device\nhint: make room, or name another --output\n", result.Error, StringComparison.Ordinal);
        var kept = File.ReadAllText(output + ".partial");
        Assert.EndsWith("}\n", kept, StringComparison.Ordinal);
        Assert.Contains($"the {kept.Count(letter => letter == '\n')} finished results are in {output}.partial\n", result.Error, StringComparison.Ordinal);
    }

    private async Task Fails(string name, string message, params string[] more)
    {
        var result = await Cli.RunAsync(["caption", name, "--quiet", .. more], _folder.Path);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.StartsWith($"error: {name}: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Contains("\nhint: ", result.Error, StringComparison.Ordinal);
    }
}
