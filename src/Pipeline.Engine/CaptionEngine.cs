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

/// <summary>One node's engine: a model on one device or on each of several, its actors, and the planning and running of windows.</summary>
public sealed class CaptionEngine : IAsyncDisposable
{
    /// <summary>Milliseconds that the end of the engine waits for its media processes.</summary>
    private const int ChildrenPatience = 500;

    /// <summary>What the end of the engine gives its actors where the actor system lives on.</summary>
    private static readonly TimeSpan ActorsPatience = TimeSpan.FromSeconds(5);

    private static int s_lives;

    private readonly Checkpoint _checkpoint;
    private readonly EngineWorkers _workers;
    private readonly EngineServices _services;
    private readonly WindowPlanner _planner;
    private readonly bool _ownsSystem;
    private bool _ownsParts;
    private long _nextWindow;

    private CaptionEngine(ActorSystem system, bool ownsSystem, Checkpoint checkpoint, IReadOnlyList<EngineWorker> workers, EngineServices services)
    {
        System = system;
        _ownsSystem = ownsSystem;
        _checkpoint = checkpoint;
        _services = services;
        _workers = new EngineWorkers(workers);
        _planner = new WindowPlanner(services, workers.Min(worker => (long)worker.Host.Cache.Pages * worker.Host.Cache.PageTokens));
        DeviceFailed = DeviceLane.FirstFailureAsync(workers.Select(worker => worker.Lane));
    }

    public ActorSystem System { get; }

    /// <summary>The checkpoint's directory name.</summary>
    public string ModelName => Path.GetFileName(Path.TrimEndingDirectorySeparator(_checkpoint.Directory));

    public GenerationDefaults Generation => _checkpoint.Generation;

    public int VocabularySize => _checkpoint.Config.Text.VocabularySize;

    /// <summary>Done when a device failed: finished results can be written, nothing else.</summary>
    public Task<DeviceLostException> DeviceFailed { get; }

    public DecoderMeters Decoder { get; } = new();

    public Gate TokensWaiting => _services.TokensWaiting;

    /// <summary>An engine that owns all it needs: opens the checkpoint, loads the whole model on each of its devices and starts the actors.</summary>
    /// <param name="model">A Hugging Face directory.</param>
    /// <param name="settings">The engine's blocks of the configuration.</param>
    /// <param name="akka">Configuration of the actor system.</param>
    /// <param name="readsMedia">Whether windows have files: ffmpeg is then looked for.</param>
    /// <param name="createDevices">Make the devices; each is called on its device's thread.</param>
    /// <exception cref="PipelineException">The model, the device or ffmpeg is not as it must be.</exception>
    public static async Task<CaptionEngine> StartAsync(
        string model, EngineSettings settings, Config akka, bool readsMedia, params IReadOnlyList<Func<IDevice>> createDevices)
    {
        var checkpoint = Checkpoint.Open(model);
        var devices = new List<EngineDevice>();
        try
        {
            foreach (var createDevice in createDevices)
            {
                devices.Add(new EngineDevice(await DeviceLane.StartAsync(createDevice, settings.Engine.Slice), new LocalExpertsFactory()));
            }

            var engine = await StartAsync(system: null, checkpoint, settings, akka, readsMedia, devices);
            engine._ownsParts = true;
            return engine;
        }
        catch
        {
            foreach (var device in devices)
            {
                await device.Lane.DisposeAsync();
            }

            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>An engine on a checkpoint, devices and, in a cluster, an actor system that are its starter's and outlive it.</summary>
    /// <param name="system">Where its actors live; null for a system of its own.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="settings">The engine's blocks of the configuration.</param>
    /// <param name="akka">Configuration of the actor system, where it is the engine's own.</param>
    /// <param name="readsMedia">Whether windows have files: ffmpeg is then looked for.</param>
    /// <param name="devices">Each gets the whole model, sessions of its own, and its share of the windows.</param>
    /// <exception cref="PipelineException">The model, the device or ffmpeg is not as it must be.</exception>
    public static async Task<CaptionEngine> StartAsync(
        ActorSystem? system, Checkpoint checkpoint, EngineSettings settings, Config akka, bool readsMedia, params IReadOnlyList<EngineDevice> devices)
    {
        var tools = readsMedia ? FfmpegTools.Find(settings.Media) : null;
        var loading = Task.WhenAll(devices.Select(async to => new EngineWorker(
            to.Lane, await to.Lane.Post(device => new ModelHost(device, checkpoint, settings, to.Experts, to.Lane.Wake)))));
        var services = new EngineServices(
            checkpoint, Tokenizer.Load(checkpoint.Directory), ChatTemplate.Load(checkpoint.Directory), tools, settings);
        var workers = await loading;
        if (system is not null)
        {
            await Task.WhenAll(devices.Select(device => CommitAsync(device.Lane)));
        }

        var engine = new CaptionEngine(system ?? ActorSystem.Create("pipeline", akka), system is null, checkpoint, workers, services);
        foreach (var worker in workers)
        {
            // A name of its own for each life: a parent frees a name some time after the watchers of its actor know that it ended.
            worker.Supervisor = engine.System.ActorOf(
                EngineActor.Props(worker, services, engine.Decoder), string.Create(CultureInfo.InvariantCulture, $"engine-{Interlocked.Increment(ref s_lives)}"));
            await worker.Actors.Started;
        }

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
        using var lease = _workers.Take();
        var actors = lease.Worker.Actors;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var draft = CaptionGraph
                .Create(window, Interlocked.Increment(ref _nextWindow), scope, _services, actors, onText)
                .Run(materializer)
                .WaitAsync(cancellation);
            if (await Task.WhenAny(draft, DeviceFailed) == DeviceFailed)
            {
                throw await DeviceFailed;
            }

            return (await draft).ToText(scope.Truncated);
        }
        catch (ActorLostException lost)
        {
            // Who cancels meanwhile gets the same answer: the window was lost with its actor.
            await actors.WaitUntilReplacedAsync(lost.Actor, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        while (await lane.Post(device => device is ICommittingDevice committing && committing.CommitNext()))
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_ownsSystem ? System.Terminate() : Task.WhenAll(_workers.All.Select(worker => worker.Supervisor.GracefulStop(ActorsPatience))));
        foreach (var worker in _workers.All)
        {
            worker.Actors.Clear();
        }

        // A killed child is gone a moment after its stream: a process that ended before it would leave it behind.
        for (var waited = 0; MediaMeters.ChildrenAlive > 0 && waited < ChildrenPatience; waited += 10)
        {
            await Task.Delay(10);
        }

        _services.Dispose();
        foreach (var worker in _workers.All)
        {
            foreach (var owner in Enum.GetValues<RunOwner>())
            {
                worker.Lane.Thread.Attach(owner, ActorRefs.Nobody);
            }

            await (_ownsParts ? worker.Lane.DisposeAsync() : ValueTask.CompletedTask);
        }

        if (_ownsParts)
        {
            _checkpoint.Dispose();
        }
    }
}
