using System.Globalization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Graph;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Media;
using Pipeline.Model;
using Pipeline.Text;

namespace Pipeline.Engine;

/// <summary>One node's engine: a model on a device thread, its actors, and the planning and running of windows.</summary>
public sealed class CaptionEngine : IAsyncDisposable
{
    /// <summary>Milliseconds that the end of the engine waits for its media processes.</summary>
    private const int ChildrenPatience = 500;

    /// <summary>What the end of the engine gives its actors where the actor system lives on.</summary>
    private static readonly TimeSpan ActorsPatience = TimeSpan.FromSeconds(5);

    private static int s_lives;

    private readonly Checkpoint _checkpoint;
    private readonly DeviceLane _lane;
    private readonly EngineServices _services;
    private readonly WindowPlanner _planner;
    private readonly bool _ownsSystem;
    private IActorRef _actor = ActorRefs.Nobody;
    private bool _ownsParts;
    private long _nextWindow;

    private CaptionEngine(ActorSystem system, bool ownsSystem, Checkpoint checkpoint, DeviceLane lane, EngineServices services, ModelHost host)
    {
        System = system;
        _ownsSystem = ownsSystem;
        _checkpoint = checkpoint;
        _lane = lane;
        _services = services;
        _planner = new WindowPlanner(services, (long)host.Cache.Pages * host.Cache.PageTokens);
    }

    public ActorSystem System { get; }

    /// <summary>The checkpoint's directory name.</summary>
    public string ModelName => Path.GetFileName(Path.TrimEndingDirectorySeparator(_checkpoint.Directory));

    public GenerationDefaults Generation => _checkpoint.Generation;

    public int VocabularySize => _checkpoint.Config.Text.VocabularySize;

    /// <summary>Done, with the cause, when the device failed: finished results can be written, nothing else.</summary>
    public Task<Exception> DeviceFailed => _lane.Failed;

    public DecoderMeters Decoder { get; } = new();

    public Gate TokensWaiting => _services.TokensWaiting;

    /// <summary>An engine that owns all it needs: opens the checkpoint, loads the whole model on a device of its own and starts the actors.</summary>
    /// <param name="model">A Hugging Face directory.</param>
    /// <param name="settings">The engine's blocks of the configuration.</param>
    /// <param name="akka">Configuration of the actor system.</param>
    /// <param name="readsMedia">Whether windows have files: ffmpeg is then looked for.</param>
    /// <param name="createDevice">Makes the device; called on the device thread.</param>
    /// <exception cref="PipelineException">The model, the device or ffmpeg is not as it must be.</exception>
    public static async Task<CaptionEngine> StartAsync(
        string model, EngineSettings settings, Config akka, bool readsMedia, Func<IDevice> createDevice)
    {
        var checkpoint = Checkpoint.Open(model);
        DeviceLane? lane = null;
        try
        {
            lane = await DeviceLane.StartAsync(createDevice, settings.Engine.Slice);
            var engine = await StartAsync(system: null, checkpoint, settings, akka, readsMedia, lane, new LocalExpertsFactory());
            engine._ownsParts = true;
            return engine;
        }
        catch
        {
            await (lane?.DisposeAsync() ?? ValueTask.CompletedTask);
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>An engine on a checkpoint, a device and, in a cluster, an actor system that are its starter's and outlive it.</summary>
    /// <param name="system">Where its actors live; null for a system of its own.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="settings">The engine's blocks of the configuration.</param>
    /// <param name="akka">Configuration of the actor system, where it is the engine's own.</param>
    /// <param name="readsMedia">Whether windows have files: ffmpeg is then looked for.</param>
    /// <param name="lane">The device that the model is loaded on.</param>
    /// <param name="experts">Where routed experts are computed.</param>
    /// <exception cref="PipelineException">The model, the device or ffmpeg is not as it must be.</exception>
    public static async Task<CaptionEngine> StartAsync(
        ActorSystem? system, Checkpoint checkpoint, EngineSettings settings, Config akka, bool readsMedia, DeviceLane lane, IExpertsFactory experts)
    {
        var tools = readsMedia ? FfmpegTools.Find(settings.Media) : null;
        var loading = lane.Post(device => new ModelHost(device, checkpoint, settings, experts, lane.Wake));
        var services = new EngineServices(
            checkpoint, Tokenizer.Load(checkpoint.Directory), ChatTemplate.Load(checkpoint.Directory), tools, settings);
        var host = await loading;
        if (system is not null)
        {
            await CommitAsync(lane);
        }

        var engine = new CaptionEngine(system ?? ActorSystem.Create("pipeline", akka), system is null, checkpoint, lane, services, host);

        // A name of its own for each life: a parent frees a name some time after the watchers of its actor know that it ended.
        engine._actor = engine.System.ActorOf(
            EngineActor.Props(lane.Thread, host, services, engine.Decoder), string.Create(CultureInfo.InvariantCulture, $"engine-{Interlocked.Increment(ref s_lives)}"));
        await services.Actors.Started;
        return engine;
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
            // Who cancels meanwhile gets the same answer: the window was lost with its actor.
            await _services.Actors.WaitUntilReplacedAsync(lost.Actor, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    /// <summary>
    /// An engine of a cluster has what was planned for it from the start; a run of its own takes only what it uses, and starts sooner. One thing at a time,
    /// as the device may compute rows of others meanwhile.
    /// </summary>
    private static async Task CommitAsync(DeviceLane lane)
    {
        while (await lane.Post(device => device is PortableDevice portable && portable.CommitNext()))
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_ownsSystem ? System.Terminate() : _actor.GracefulStop(ActorsPatience));
        _services.Actors.Clear();

        // A killed child is gone a moment after its stream: a process that ended before it would leave it behind.
        for (var waited = 0; MediaMeters.ChildrenAlive > 0 && waited < ChildrenPatience; waited += 10)
        {
            await Task.Delay(10);
        }

        _services.Dispose();
        foreach (var owner in Enum.GetValues<RunOwner>())
        {
            _lane.Thread.Attach(owner, ActorRefs.Nobody);
        }

        if (_ownsParts)
        {
            await _lane.DisposeAsync();
            _checkpoint.Dispose();
        }
    }
}
