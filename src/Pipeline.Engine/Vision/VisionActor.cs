using Akka.Actor;
using Akka.Event;
using Pipeline.Engine.Running;

namespace Pipeline.Engine.Vision;

/// <summary>
/// One a device: collects tiles from all windows and hands a batch to the device thread when the last one is done.
/// Made anew after a failure with an empty queue; the windows that waited are retried.
/// <code>Attaching --Attached--> Encoding</code>
/// </summary>
internal sealed class VisionActor : UntypedActor, IWithUnboundedStash
{
    private readonly DeviceThread _thread;
    private readonly ModelHost _host;
    private readonly VisionOptions _options;
    private readonly VisionQueue _queue = new();
    private readonly List<TileSlice> _batch = [];
    private int _attachment;
    private bool _running;

    public VisionActor(DeviceThread thread, ModelHost host, VisionOptions options)
    {
        _thread = thread;
        _host = host;
        _options = options;
    }

    public IStash Stash { get; set; } = null!;

    public static Props Props(DeviceThread thread, ModelHost host, VisionOptions options) =>
        Akka.Actor.Props.Create(() => new VisionActor(thread, host, options));

    protected override void PreStart() => _thread.Attach(RunOwner.Vision, Self);

    protected override void OnReceive(object message)
    {
        if (message is Attached attached)
        {
            _attachment = attached.Attachment;
            Become(Encoding);
            Stash.UnstashAll();
        }
        else
        {
            Stash.Stash();
        }
    }

    private void Encoding(object message)
    {
        switch (message)
        {
            case EncodeTiles encode:
                _queue.Enqueue(new PendingTiles(encode, Sender));
                HandOver();
                break;
            case ForgetWindow forget:
                _queue.Forget(forget.Window);
                break;
            case BatchEncoded encoded when encoded.Attachment == _attachment:
                _running = false;
                Answer();
                HandOver();
                break;
            case BatchEncoded:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void HandOver()
    {
        if (_running)
        {
            return;
        }

        _queue.Take(_options.BatchTiles, _batch);
        if (_batch.Count > 0)
        {
            _running = true;
            _thread.Submit(new VisionRun(_host, _attachment, _batch, Self));
        }
    }

    private void Answer()
    {
        foreach (var slice in _batch)
        {
            if (slice.Request is PendingTiles request && request.Encoded == request.Tiles)
            {
                request.ReturnPixels();
                request.Asker.Tell(new TilesEncoded(request.Picture, request.Rows!));
            }
        }
    }

    private sealed class PendingTiles(EncodeTiles encode, IActorRef asker)
        : TileRequest(encode.Window, encode.Picture, encode.Pixels, encode.Tiles)
    {
        public IActorRef Asker { get; } = asker;
    }

    /// <summary>Asks for one picture's visual tokens; answered by <see cref="TilesEncoded"/>.</summary>
    /// <param name="Window">The asking window.</param>
    /// <param name="Picture">Index of the picture in its window.</param>
    /// <param name="Pixels">Normalised tiles, rented from the shared array pool; the actor gives them back.</param>
    /// <param name="Tiles">Tiles, the global one included.</param>
    public sealed record EncodeTiles(long Window, int Picture, float[] Pixels, int Tiles) : INoSerializationVerificationNeeded;

    /// <summary>Visual tokens <c>[tiles * tokens, hidden]</c> of one picture; nobody writes to them again.</summary>
    public sealed record TilesEncoded(int Picture, float[] Rows) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    /// <summary>The window is gone: what it has waiting is dropped.</summary>
    public sealed record ForgetWindow(long Window) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    internal sealed record BatchEncoded(int Attachment) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
}
