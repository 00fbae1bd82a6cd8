using System.Net;
using System.Text.Json.Nodes;
using Akka.Configuration;
using Pipeline.Engine;
using Pipeline.Engine.Configuration;
using Pipeline.Jobs;
using Pipeline.Kernels;
using Pipeline.Media;

namespace Pipeline.Server.Tests;

/// <summary>The real engine with the demo checkpoint behind the server.</summary>
public sealed class EngineCaptionsTests : IAsyncLifetime
{
    private readonly FakeHealth _health = new();
    private GatedDevice _device = null!;
    private CaptionEngine _engine = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        var config = new LayeredConfig([.. Directory.GetFiles(Path.Join(SharedData.Root, "hocon", "reference"), "*.conf")
            .Select(file => new ConfigLayer(file, ConfigurationFactory.ParseString(File.ReadAllText(file))))]);
        var settings = new EngineSettings(
            OptionsBinder.Bind<EngineOptions>(config, "pipeline.engine"),
            OptionsBinder.Bind<VisionOptions>(config, "pipeline.vision"),
            OptionsBinder.Bind<DecoderOptions>(config, "pipeline.decoder"),
            OptionsBinder.Bind<MediaOptions>(config, "pipeline.media"));
        _engine = await CaptionEngine.StartAsync(
            Path.Join(SharedData.Root, "models", "tiny-scout"), settings, config.Merged, readsMedia: true,
            () => _device = new GatedDevice(new PortableDevice(new CpuTeam(2))));
        var options = OptionsBinder.Bind<ServerOptions>(config, "pipeline.server");
        _server = await TestServer.StartAsync(
            _health, options, Task.FromResult<ICaptionService>(new EngineCaptions(_engine, OptionsBinder.Bind<JobsOptions>(config, "pipeline.jobs"), options)));
    }

    public async Task DisposeAsync()
    {
        _device.Open();
        await _server.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Clips_sent_side_by_side_get_the_captions_of_the_reference_and_are_counted()
    {
        var cases = File.ReadLines(Clip("manifest.jsonl")).Select(line => JsonNode.Parse(line)!).Where(entry => (string?)entry["prompt"] == "Describe the video.").Take(6).ToList();

        var answers = await Task.WhenAll(cases.Select(async entry =>
        {
            using var response = await PostAsync(Clip((string)entry["file"]!));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        }));

        Assert.NotEmpty(cases);
        Assert.Equal(cases.Select(entry => (string)entry["reference"]!), answers.Select(answer => (string)answer["caption"]!));
        Assert.All(answers, answer => Assert.Equal(("upload", "video", "tiny-scout"), ((string)answer["source"]!, (string)answer["kind"]!, (string)answer["model"]!)));
        var counts = EngineCounts.Of(_engine, resends: 0);
        Assert.True(counts.Tokens >= answers.Sum(answer => (long)answer["tokens"]!), $"{counts}");
        Assert.InRange(counts.Steps, answers.Max(answer => (long)answer["tokens"]!) - 1, counts.Tokens);
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task What_is_no_media_is_the_client_s_error_and_names_no_path_of_this_machine()
    {
        using var response = await PostAsync(Clip("manifest.jsonl"));
        var body = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.StartsWith("""{"code":"media.""", body, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), body, StringComparison.Ordinal);
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_no_session_and_no_file()
    {
        _device.Close();
        using var gone = new CancellationTokenSource();
        var request = PostAsync(Clip("video-001.mp4"), gone.Token);
        await Eventually.IsTrue(() => _engine.Decoder.Sessions == 1, "its session is open");

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        _device.Open();

        await AssertNothingIsHeldAsync();
        using var next = await PostAsync(Clip("video-001.mp4"));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task A_lost_device_is_told_by_name()
    {
        _device.Break();

        using var response = await PostAsync(Clip("video-001.mp4"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("device.lost", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static string Clip(string name) => Path.Join(SharedData.Root, "tests", "data", "eval", name);

    private async Task<HttpResponseMessage> PostAsync(string path, CancellationToken cancellation = default)
    {
        using var content = new StreamContent(File.OpenRead(path));
        return await _server.Client.PostAsync("/v1/captions", content, cancellation);
    }

    private async Task AssertNothingIsHeldAsync()
    {
        await Eventually.IsTrue(() => _engine.Decoder.Sessions == 0 && _engine.Decoder.Pages == 0, "no session and no page is left");
        await Eventually.IsTrue(() => MediaMeters.ChildrenAlive == 0 && MediaMeters.FramesAlive == 0, "no child and no frame is left");
        await Eventually.IsTrue(() => Directory.GetFiles(Path.GetTempPath(), "pipeline-upload-*").Length == 0, "no upload is left");
    }
}
