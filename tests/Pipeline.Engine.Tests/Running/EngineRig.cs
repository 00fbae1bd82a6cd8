using Akka.Actor;
using Akka.Configuration;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Engine.Configuration;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Engine.Running;
using Pipeline.Engine.Vision;
using Pipeline.Kernels;
using Pipeline.Media;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>An engine with the demo checkpoint on the portable device, with experts of the test's choosing.</summary>
internal sealed class EngineRig : IAsyncDisposable
{
    private readonly ActorMaterializer _materializer;
    private readonly CancellationTokenSource _ended = new();

    private EngineRig(Checkpoint checkpoint, DeviceLane lane, CaptionEngine engine)
    {
        Checkpoint = checkpoint;
        Lane = lane;
        Engine = engine;
        _materializer = engine.System.Materializer();
    }

    /// <summary>Only a text that never ends takes that long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static string ModelFolder { get; } = Path.Combine(SharedData.Root, "models", "tiny-scout");

    public Checkpoint Checkpoint { get; }

    public DeviceLane Lane { get; }

    public CaptionEngine Engine { get; }

    /// <param name="createExperts">Makes the experts, given the rig's checkpoint and lane.</param>
    /// <param name="settings">Settings over the reference configuration.</param>
    public static async Task<EngineRig> StartAsync(Func<Checkpoint, DeviceLane, IExpertsFactory> createExperts, params string[] settings)
    {
        var (engineSettings, akka) = Bind(settings);
        var checkpoint = Checkpoint.Open(ModelFolder);
        var lane = await DeviceLane.StartAsync(CreateDevice, engineSettings.Engine.Slice);
        var engine = await CaptionEngine.StartAsync(
            system: null, checkpoint, engineSettings, akka, readsMedia: false, new EngineDevice(lane, createExperts(checkpoint, lane)));
        return new EngineRig(checkpoint, lane, engine);
    }

    public static IDevice CreateDevice() => new PortableDevice(new CpuTeam(1));

    /// <summary>The reference configuration, with <paramref name="settings"/> over it.</summary>
    public static (EngineSettings Settings, Config Akka) Bind(params string[] settings)
    {
        var config = new LayeredConfig(
        [
            .. Directory.GetFiles(Path.Combine(SharedData.Root, "hocon", "reference"), "*.conf")
                .Select(file => new ConfigLayer(file, ConfigurationFactory.ParseString(File.ReadAllText(file)))),
            .. settings.Select(setting => new ConfigLayer("test", ConfigurationFactory.ParseString(setting))),
        ]);
        var engine = new EngineSettings(
            OptionsBinder.Bind<EngineOptions>(config, "pipeline.engine"),
            OptionsBinder.Bind<VisionOptions>(config, "pipeline.vision"),
            OptionsBinder.Bind<DecoderOptions>(config, "pipeline.decoder"),
            OptionsBinder.Bind<MediaOptions>(config, "pipeline.media"));
        return (engine, config.Merged);
    }

    public Task<CaptionText> GenerateAsync(string prompt, int maxTokens) => GenerateAsync(Engine, _materializer, prompt, maxTokens, _ended.Token);

    /// <summary>Goes on after a bare text; nothing but max-tokens ends it.</summary>
    public static async Task<CaptionText> GenerateAsync(
        CaptionEngine engine, IMaterializer materializer, string prompt, int maxTokens, CancellationToken cancellation)
    {
        var request = new WindowRequest(
            prompt, Path: null, prompt, System: null, Raw: true, Frames: null, new DecodeSettings(SamplingOptions.Best, maxTokens, []));
        var window = await engine.PlanAsync(request, CancellationToken.None);
        return await engine.RunAsync(window, _ => { }, materializer, cancellation).WaitAsync(Patience);
    }

    /// <summary>Visual tokens of one grey tile.</summary>
    public async Task<float[]> EncodeTileAsync()
    {
        var size = Checkpoint.Processor!.TileSize;
        var pixels = System.Buffers.ArrayPool<float>.Shared.Rent(3 * size * size);
        pixels.AsSpan().Fill(0.25f);
        var vision = Engine.System.ActorSelection("/user/engine-*/vision");
        var encoded = await vision.Ask<VisionActor.TilesEncoded>(new VisionActor.EncodeTiles(Window: -1, Picture: 0, pixels, Tiles: 1), TimeSpan.FromSeconds(60));
        return encoded.Rows;
    }

    public Task NothingIsHeldAsync() =>
        Eventually.IsTrue(() => Engine.Decoder is { Sessions: 0, Pages: 0, Waiting: 0 }, "no session and no page is left");

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();

        // The windows' owner is the actor system: a stream that it took along may not tell.
        await _ended.CancelAsync();
        _ended.Dispose();
        await Lane.DisposeAsync();
        Checkpoint.Dispose();
    }
}
