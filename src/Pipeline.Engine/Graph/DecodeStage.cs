using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Stage;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Scheduling;

namespace Pipeline.Engine.Graph;

/// <summary>
/// A window's session with DecoderActor: asks to be admitted before anything upstream is pulled, sends segments as the actor wants
/// them, and gives each token on. Tokens that come faster than they are taken wait here; max-tokens bounds them.
/// </summary>
internal sealed class DecodeStage(CaptionWindow window, WindowScope scope, IActorRef decoder)
    : GraphStage<FlowShape<Segment, DecoderActor.TokenGenerated>>
{
    private readonly Inlet<Segment> _in = new("Decode.in");
    private readonly Outlet<DecoderActor.TokenGenerated> _out = new("Decode.out");

    public override FlowShape<Segment, DecoderActor.TokenGenerated> Shape => new(_in, _out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, window, scope, decoder);

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly DecodeStage _stage;
        private readonly CaptionWindow _window;
        private readonly WindowScope _scope;
        private readonly IActorRef _decoder;
        private readonly Queue<DecoderActor.TokenGenerated> _tokens = new();
        private IActorRef _self = ActorRefs.Nobody;

        public Logic(DecodeStage stage, CaptionWindow window, WindowScope scope, IActorRef decoder)
            : base(stage.Shape)
        {
            _stage = stage;
            _window = window;
            _scope = scope;
            _decoder = decoder;
            SetHandlers(stage._in, stage._out, this);
        }

        public override void PreStart()
        {
            var actor = GetStageActor(args => OnMessage(args.Item2));
            actor.Watch(_decoder);
            _self = actor.Ref;
            var plan = _window.Plan;
            _decoder.Tell(new DecoderActor.OpenSession(plan.Length, plan.Ids, _window.Request.Settings), _self);
        }

        public override void OnPush() => _decoder.Tell(new DecoderActor.AppendSegment(Grab(_stage._in)), _self);

        public override void OnPull() => GiveNext();

        public override void OnUpstreamFinish()
        {
        }

        public override void PostStop() => _decoder.Tell(DecoderActor.CloseSession.Instance, _self);

        private void OnMessage(object message)
        {
            switch (message)
            {
                case DecoderActor.SessionOpened:
                    _scope.Admitted.TrySetResult();
                    Pull(_stage._in);
                    break;
                case DecoderActor.SegmentWanted when !IsClosed(_stage._in) && !HasBeenPulled(_stage._in):
                    Pull(_stage._in);
                    break;
                case DecoderActor.TokenGenerated token:
                    _tokens.Enqueue(token);
                    GiveNext();
                    break;
                case DecoderActor.SessionFailed failed:
                    FailStage(failed.Reason);
                    break;
                case Terminated:
                    FailStage(new ActorLostException(_decoder));
                    break;
            }
        }

        private void GiveNext()
        {
            if (IsAvailable(_stage._out) && _tokens.TryDequeue(out var token))
            {
                Push(_stage._out, token);
                if (token.Finish is not null)
                {
                    CompleteStage();
                }
            }
        }
    }
}
