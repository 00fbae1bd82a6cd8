using Akka.Actor;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Vision;

namespace Pipeline.Engine;

/// <summary>
/// Supervisor of a device's actors. A child that fails is stopped and made anew, with empty tables; windows that were with it see
/// its death and are retried.
/// </summary>
internal sealed class EngineActor : UntypedActor
{
    private readonly EngineWorker _worker;
    private readonly EngineServices _services;
    private readonly DecoderMeters _meters;

    public EngineActor(EngineWorker worker, EngineServices services, DecoderMeters meters)
    {
        _worker = worker;
        _services = services;
        _meters = meters;
    }

    public static Props Props(EngineWorker worker, EngineServices services, DecoderMeters meters) =>
        Akka.Actor.Props.Create(() => new EngineActor(worker, services, meters));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void PreStart()
    {
        StartVision();
        StartDecoder();
        _worker.Actors.MarkStarted();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case VisionEnded:
                StartVision();
                break;
            case DecoderEnded:
                StartDecoder();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void StartVision() => _worker.Actors.Vision =
        Context.WatchWith(Context.ActorOf(VisionActor.Props(_worker.Lane.Thread, _worker.Host, _services.Settings.Vision), "vision"), VisionEnded.Instance);

    private void StartDecoder() => _worker.Actors.Decoder =
        Context.WatchWith(Context.ActorOf(DecoderActor.Props(_worker.Lane.Thread, _worker.Host, _services.Tokenizer, _meters), "decoder"), DecoderEnded.Instance);

    private sealed record VisionEnded : INoSerializationVerificationNeeded
    {
        public static VisionEnded Instance { get; } = new();
    }

    private sealed record DecoderEnded : INoSerializationVerificationNeeded
    {
        public static DecoderEnded Instance { get; } = new();
    }
}
