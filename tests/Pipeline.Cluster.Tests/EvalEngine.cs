using System.Text.Json;
using Akka.Configuration;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Engine;
using Pipeline.Engine.Configuration;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Media;
using Pipeline.Model;

namespace Pipeline.Cluster.Tests;

/// <summary>One answer, with its tokens and their log-probabilities in full precision.</summary>
internal sealed record EvalAnswer(string File, string Text, int[] Tokens, float[] Logprobs)
{
    public bool Equals(EvalAnswer? other) =>
        other is not null && File == other.File && Text == other.Text && Tokens.AsSpan().SequenceEqual(other.Tokens) && Logprobs.AsSpan().SequenceEqual(other.Logprobs);

    public override int GetHashCode() => HashCode.Combine(File, Text);
}

/// <summary>An engine with the demo checkpoint that answers the questions of tests/data/eval, with experts of the test's choosing.</summary>
internal sealed class EvalEngine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string Folder = Path.Join(SharedData.Root, "tests", "data", "eval");

    private readonly CpuTeam _team;
    private readonly Checkpoint _checkpoint;
    private readonly DeviceLane _lane;
    private readonly CaptionEngine _engine;
    private readonly IAsyncDisposable? _experts;

    private EvalEngine(CpuTeam team, Checkpoint checkpoint, DeviceLane lane, CaptionEngine engine, IAsyncDisposable? experts) =>
        (_team, _checkpoint, _lane, _engine, _experts) = (team, checkpoint, lane, engine, experts);

    public DecoderMeters Decoder => _engine.Decoder;

    public static string ModelFolder { get; } = Path.Join(SharedData.Root, "models", "tiny-scout");

    /// <summary>Settings of all reference files, and those of the test over them.</summary>
    public static LayeredConfig Config(params string[] settings) => new(
    [
        .. Directory.GetFiles(Path.Join(SharedData.Root, "hocon", "reference"), "*.conf")
            .Select(file => new ConfigLayer(file, ConfigurationFactory.ParseString(File.ReadAllText(file)))),
        .. settings.Select(setting => new ConfigLayer("test", ConfigurationFactory.ParseString(setting))),
    ]);

    /// <param name="createExperts">Makes the experts and names who owns them.</param>
    public static Task<EvalEngine> StartAsync(
        Func<Checkpoint, DeviceLane, Task<(IExpertsFactory Factory, IAsyncDisposable? Owner)>> createExperts, params string[] settings) =>
        StartAsync(createExperts, Quantization.None, settings);

    public static async Task<EvalEngine> StartAsync(
        Func<Checkpoint, DeviceLane, Task<(IExpertsFactory Factory, IAsyncDisposable? Owner)>> createExperts,
        Quantization quantization,
        params string[] settings)
    {
        var config = Config(settings);
        var options = new EngineSettings(
            OptionsBinder.Bind<EngineOptions>(config, "pipeline.engine"),
            OptionsBinder.Bind<VisionOptions>(config, "pipeline.vision"),
            OptionsBinder.Bind<DecoderOptions>(config, "pipeline.decoder"),
            OptionsBinder.Bind<MediaOptions>(config, "pipeline.media"));
        var team = new CpuTeam(2);
        var checkpoint = Checkpoint.Open(ModelFolder, quantization);
        var lane = await DeviceLane.StartAsync(() => new PortableDevice(team), options.Engine.Slice);
        var (factory, owner) = await createExperts(checkpoint, lane);
        var engine = await CaptionEngine.StartAsync(
            system: null, checkpoint, options, ConfigurationFactory.ParseString("akka.stdout-loglevel = OFF").WithFallback(config.Merged), readsMedia: true, new EngineDevice(lane, factory));
        return new EvalEngine(team, checkpoint, lane, engine, owner);
    }

    /// <summary>An undivided model.</summary>
    public static Task<EvalEngine> StartWholeAsync(Quantization quantization = Quantization.None) =>
        StartAsync((_, _) => Task.FromResult<(IExpertsFactory, IAsyncDisposable?)>((new LocalExpertsFactory(), null)), quantization);

    /// <summary>Answers the first questions, many at once; among five there are videos, a picture, and a question about a video.</summary>
    public Task<EvalAnswer[]> AnswerAsync(int count) => AnswerAsync(..count);

    public async Task<EvalAnswer[]> AnswerAsync(Range questions)
    {
        var materializer = _engine.System.Materializer();
        var items = (await File.ReadAllLinesAsync(Path.Join(Folder, "manifest.jsonl")))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Take(questions);
        return await Task.WhenAll(items.Select(async item =>
        {
            var file = item.GetProperty("file").GetString()!;
            var window = await _engine.PlanAsync(
                new WindowRequest(
                    file, Path.Join(Folder, file), item.GetProperty("prompt").GetString(), System: null, Raw: false, Frames: null,
                    new DecodeSettings(SamplingOptions.Best, MaxTokens: 64, [])),
                CancellationToken.None);
            var text = await _engine.RunAsync(window, _ => { }, materializer, CancellationToken.None).WaitAsync(Patience);
            return new EvalAnswer(file, text.Text, [.. text.Tokens.Select(token => token.Token)], [.. text.Tokens.Select(token => token.Logprob)]);
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await (_experts?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _lane.DisposeAsync();
        _checkpoint.Dispose();
        _team.Dispose();
    }
}
