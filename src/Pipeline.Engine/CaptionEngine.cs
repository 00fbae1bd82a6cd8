using Akka.Actor;
using Akka.Configuration;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Media;
using Pipeline.Text;

namespace Pipeline.Engine;

/// <summary>One node's engine: a model on a device thread, its actors, and the planning and running of windows.</summary>
public sealed class CaptionEngine : IAsyncDisposable
{
    /// <summary>Milliseconds that the end of the engine waits for its media processes.</summary>
    private const int ChildrenPatience = 500;

    private readonly Checkpoint _checkpoint;
    private readonly DeviceThread _thread;
    private readonly EngineServices _services;
    private readonly WindowPlanner _planner;
    private long _nextWindow;

    private CaptionEngine(ActorSystem system, Checkpoint checkpoint, DeviceThread thread, EngineServices services, DeviceHost host)
    {
        System = system;
        _checkpoint = checkpoint;
        _thread = thread;
        _services = services;
        _planner = new WindowPlanner(services, (long)host.Cache.Pages * host.Cache.PageTokens);
    }

    public ActorSystem System { get; }

    /// <summary>The checkpoint's directory name.</summary>
    public string ModelName => Path.GetFileName(Path.TrimEndingDirectorySeparator(_checkpoint.Directory));

    public GenerationDefaults Generation => _checkpoint.Generation;

    public int VocabularySize => _checkpoint.Config.Text.VocabularySize;

    /// <summary>Done, with the cause, when the device failed: finished results can be written, nothing else.</summary>
    public Task<Exception> DeviceFailed => _thread.Failed;

    public DecoderMeters Decoder { get; } = new();

    public Gate TokensWaiting => _services.TokensWaiting;

    /// <summary>Opens the checkpoint, loads the model on its device thread and starts the actors.</summary>
    /// <param name="model">A Hugging Face directory.</param>
    /// <param name="settings">The engine's blocks of the configuration.</param>
    /// <param name="akka">Configuration of the actor system.</param>
    /// <param name="readsMedia">Whether windows have files: ffmpeg is then looked for.</param>
    /// <param name="createDevice">Makes the device; called on the device thread.</param>
    /// <exception cref="PipelineException">The model, the device or ffmpeg is not as it must be.</exception>
    public static async Task<CaptionEngine> StartAsync(
        string model, EngineSettings settings, Config akka, bool readsMedia, Func<IDevice> createDevice)
    {
        var tools = readsMedia ? FfmpegTools.Find(settings.Media) : null;
        var checkpoint = Checkpoint.Open(model);
        DeviceThread? thread = null;
        ActorSystem? system = null;
        try
        {
            thread = new DeviceThread(() => CreateHost(createDevice, checkpoint, settings), settings.Engine.Slice);
            var services = new EngineServices(checkpoint, Tokenizer.Load(model), ChatTemplate.Load(model), tools, settings);
            var host = await thread.Ready;
            system = ActorSystem.Create("pipeline", akka);
            var engine = new CaptionEngine(system, checkpoint, thread, services, host);
            engine.System.ActorOf(EngineActor.Props(thread, host, services, engine.Decoder), "engine");
            await services.Actors.Started;
            return engine;
        }
        catch
        {
            await (system?.Terminate() ?? Task.CompletedTask);
            thread?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Plans a window: probes its file and lays out its prompt.</summary>
    /// <exception cref="PipelineException">The file is no media, or the window can never fit.</exception>
    public async Task<CaptionWindow> PlanAsync(WindowRequest request, CancellationToken cancellation)
    {
        try
        {
            return await _planner.PlanAsync(request, cancellation);
        }
        catch (Exception exception)
        {
            throw EngineFailures.Of(exception);
        }
    }

    /// <summary>Runs one window's graph to its end.</summary>
    /// <param name="window">What was planned.</param>
    /// <param name="onText">Gets the text as it is generated; what it throws fails the window.</param>
    /// <param name="materializer">Owner of the stream: when it ends, the window ends.</param>
    /// <param name="cancellation">Cancelled when that owner ends: a stream that never came up would not tell.</param>
    /// <exception cref="PipelineException">The window failed; the kind says whether trying again can help.</exception>
    public async Task<CaptionText> RunAsync(CaptionWindow window, Action<string> onText, IMaterializer materializer, CancellationToken cancellation)
    {
        var scope = new WindowScope();
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var draft = CaptionGraph
                .Create(window, Interlocked.Increment(ref _nextWindow), scope, _services, onText)
                .Run(materializer)
                .WaitAsync(cancellation);
            if (await Task.WhenAny(draft, DeviceFailed) == DeviceFailed)
            {
                throw new DeviceLostException(await DeviceFailed);
            }

            return (await draft).ToText(scope.Truncated);
        }
        catch (ActorLostException lost)
        {
            await _services.Actors.WaitUntilReplacedAsync(lost.Actor, cancellation);
            throw;
        }
        catch (Exception exception)
        {
            throw cancellation.IsCancellationRequested ? EngineFailures.StreamLost(exception) : EngineFailures.Of(exception);
        }
        finally
        {
            scope.Dispose();
            await scope.SourceClosed;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();

        // A killed child is gone a moment after its stream: a process that ended before it would leave it behind.
        for (var waited = 0; MediaMeters.ChildrenAlive > 0 && waited < ChildrenPatience; waited += 10)
        {
            await Task.Delay(10);
        }

        _services.Dispose();
        _thread.Dispose();
        _checkpoint.Dispose();
    }

    private static DeviceHost CreateHost(Func<IDevice> createDevice, Checkpoint checkpoint, EngineSettings settings)
    {
        var device = createDevice();
        try
        {
            return new DeviceHost(device, checkpoint, settings);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }
}
