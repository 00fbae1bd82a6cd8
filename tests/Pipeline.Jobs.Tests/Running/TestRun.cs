using Akka.Configuration;
using Pipeline.Engine;
using Pipeline.Engine.Configuration;
using Pipeline.Kernels;
using Pipeline.Media;

namespace Pipeline.Jobs.Tests.Running;

/// <summary>The real engine with the demo checkpoint on the portable device, and runs over the clips in tests/data/eval.</summary>
internal sealed class TestRun : IAsyncDisposable
{
    /// <summary>Runs count what the whole process holds, so they run one after the other.</summary>
    public const string Serial = "engine";

    private readonly LayeredConfig _config;

    private TestRun(LayeredConfig config, CaptionEngine engine, IReadOnlyList<GatedDevice> devices)
    {
        _config = config;
        Engine = engine;
        Devices = devices;
    }

    public CaptionEngine Engine { get; }

    public IReadOnlyList<GatedDevice> Devices { get; }

    public GatedDevice Device => Devices[0];

    /// <summary>Progress of the run begun last.</summary>
    public JobProgress? Progress { get; private set; }

    public static string Clip(string name) => Path.Combine(SharedData.Root, "tests", "data", "eval", name);

    /// <summary>Starts an engine with the reference configuration and what <paramref name="settings"/> change.</summary>
    public static Task<TestRun> StartAsync(params string[] settings) => StartAsync(devices: 1, settings);

    /// <summary>The same on several devices, each with threads of its own.</summary>
    public static async Task<TestRun> StartAsync(int devices, params string[] settings)
    {
        var reference = Directory.GetFiles(Path.Combine(SharedData.Root, "hocon", "reference"), "*.conf")
            .Select(file => new ConfigLayer(file, ConfigurationFactory.ParseString(File.ReadAllText(file))));
        var config = new LayeredConfig(
            [.. reference, .. settings.Select(setting => new ConfigLayer("test", ConfigurationFactory.ParseString(setting)))]);
        var made = new List<GatedDevice>();
        IDevice CreateDevice()
        {
            made.Add(new GatedDevice(new PortableDevice(new CpuTeam(devices == 1 ? 2 : 1))));
            return made[^1];
        }

        var engine = await CaptionEngine.StartAsync(
            Path.Combine(SharedData.Root, "models", "tiny-scout"),
            new EngineSettings(
                OptionsBinder.Bind<EngineOptions>(config, "pipeline.engine"),
                OptionsBinder.Bind<VisionOptions>(config, "pipeline.vision"),
                OptionsBinder.Bind<DecoderOptions>(config, "pipeline.decoder"),
                OptionsBinder.Bind<MediaOptions>(config, "pipeline.media")),
            config.Merged,
            readsMedia: true,
            [.. Enumerable.Repeat(CreateDevice, devices)]);
        return new TestRun(config, engine, made);
    }

    /// <summary>Runs files through the job into a sink.</summary>
    public Task<JobOutcome> RunAsync(IReadOnlyList<string> files, CollectingSink sink, CaptionRequest? request = null, int resultsWaiting = 64) =>
        RunAsync(
            files.Select((file, index) => new CaptionInput(index, Path.GetFileName(file), file, Path.GetFileNameWithoutExtension(file))),
            sink,
            request ?? Requests.Default,
            resultsWaiting);

    /// <summary>Runs turns of text alone.</summary>
    public Task<JobOutcome> RunTextsAsync(int count, CollectingSink sink, CaptionRequest request) => RunAsync(
        Enumerable.Range(0, count).Select(index => new CaptionInput(index, $"text {index}", Path: null, $"{index}")), sink, request, resultsWaiting: 64);

    private Task<JobOutcome> RunAsync(IEnumerable<CaptionInput> inputs, CollectingSink sink, CaptionRequest request, int resultsWaiting) =>
        CaptionJob.RunAsync(
            Engine,
            request,
            Progress = new JobProgress(
                inputs,
                Jobs,
                resultsWaiting,
                failFast: false,
                TimeProvider.System),
            Jobs,
            sink,
            TimeProvider.System,
            CancellationToken.None);

    public int FramesInFlight => OptionsBinder.Bind<MediaOptions>(_config, "pipeline.media").FramesInFlight;

    public JobsOptions Jobs => OptionsBinder.Bind<JobsOptions>(_config, "pipeline.jobs");

    /// <summary>Ends the engine and fails the test if it holds anything still; a lost device ends the process with all it holds.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var device in Devices)
        {
            device.Open();
        }

        if (!Engine.DeviceFailed.IsCompleted)
        {
            await CheckNothingIsHeldAsync();
        }

        await Engine.DisposeAsync();
    }

    private async Task CheckNothingIsHeldAsync()
    {
        await Eventually.IsTrue(() => Engine.Decoder.Sessions == 0 && Engine.Decoder.Pages == 0, "no session and no page is left");
        await Eventually.IsTrue(() => Engine.TokensWaiting.InUse == 0, "no visual tokens wait");
        await Eventually.IsTrue(() => MediaMeters.ChildrenAlive == 0 && MediaMeters.FramesAlive == 0, "no child and no frame is left");
    }
}

internal static class Requests
{
    public static CaptionRequest Default { get; } = With();

    public static CaptionRequest With(string? prompt = null, int? maxTokens = null, ulong seed = 0, double? temperature = null, bool ignoreEos = false) => new(
        prompt,
        SystemPrompt: null,
        Raw: false,
        Frames: null,
        new GenerationSettings(
            Sample: false, maxTokens, MinTokens: 0, temperature, TopK: null, TopP: null, MinP: null, TypicalP: null,
            RepetitionPenalty: null, PresencePenalty: null, FrequencyPenalty: null, new Dictionary<int, double>(), seed,
            StopStrings: [], StopTokens: [], ignoreEos));
}

/// <summary>Collects what a run writes; it can be held back.</summary>
internal sealed class CollectingSink : IResultSink
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CollectingSink(bool held = false)
    {
        if (!held)
        {
            _released.SetResult();
        }
    }

    public List<CaptionResult> Results { get; } = [];

    /// <summary>Called with each piece of text that is streamed.</summary>
    public Action OnText { get; set; } = () => { };

    public Dictionary<int, string> Streamed { get; } = [];

    public IEnumerable<string> Captions => Results.Select(result => result switch
    {
        Caption caption => caption.Text,
        CaptionFailed failed => $"{failed.Code}: {failed.Message}",
        _ => "",
    });

    public void Release() => _released.TrySetResult();

    public ValueTask StreamAsync(CaptionInput input, string text, CancellationToken cancellation)
    {
        OnText();
        Streamed[input.Index] = Streamed.GetValueOrDefault(input.Index, "") + text;
        return ValueTask.CompletedTask;
    }

    public async ValueTask WriteAsync(CaptionInput input, CaptionResult result, CancellationToken cancellation)
    {
        await _released.Task.WaitAsync(cancellation);
        Results.Add(result);
    }

    public ValueTask CompleteAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
