using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Stage;
using Pipeline.Engine.Vision;

namespace Pipeline.Engine.Graph;

/// <summary>
/// Sends each picture's tiles to VisionActor and gives their visual tokens on in order, with a few pictures under way. The
/// actor's death fails the stage, the stage's end makes the actor forget the window.
/// </summary>
internal sealed class VisionStage(long window, IActorRef vision)
    : GraphStage<FlowShape<TiledPicture, EncodedPicture>>
{
    /// <summary>Pictures of one window with the actor: enough to fill its next batch while one is encoded.</summary>
    private const int UnderWay = 2;

    private readonly Inlet<TiledPicture> _in = new("Vision.in");
    private readonly Outlet<EncodedPicture> _out = new("Vision.out");

    public override FlowShape<TiledPicture, EncodedPicture> Shape => new(_in, _out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, window, vision);

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly VisionStage _stage;
        private readonly long _window;
        private readonly IActorRef _vision;
        private readonly Queue<TiledPicture> _asked = new();
        private readonly Dictionary<int, float[]> _encoded = [];
        private IActorRef _self = ActorRefs.Nobody;

        public Logic(VisionStage stage, long window, IActorRef vision)
            : base(stage.Shape)
        {
            _stage = stage;
            _window = window;
            _vision = vision;
            SetHandlers(stage._in, stage._out, this);
        }

        public override void PreStart()
        {
            var actor = GetStageActor(args => OnMessage(args.Item2));
            actor.Watch(_vision);
            _self = actor.Ref;
        }

        public override void OnPull()
        {
            GiveFirst();
            PullMore();
        }

        public override void OnPush()
        {
            var picture = Grab(_stage._in);
            _asked.Enqueue(picture);
            _vision.Tell(new VisionActor.EncodeTiles(_window, picture.Picture, picture.Pixels, picture.Tiles), _self);
            PullMore();
        }

        public override void OnUpstreamFinish()
        {
            if (_asked.Count == 0)
            {
                CompleteStage();
            }
        }

        public override void PostStop() => _vision.Tell(new VisionActor.ForgetWindow(_window));

        private void OnMessage(object message)
        {
            switch (message)
            {
                case VisionActor.TilesEncoded encoded:
                    _encoded.Add(encoded.Picture, encoded.Rows);
                    GiveFirst();
                    PullMore();
                    break;
                case Terminated:
                    FailStage(new ActorLostException(_vision));
                    break;
            }
        }

        private void GiveFirst()
        {
            if (IsAvailable(_stage._out) && _asked.TryPeek(out var first) && _encoded.Remove(first.Picture, out var rows))
            {
                _asked.Dequeue();
                Push(_stage._out, new EncodedPicture(rows, first.Lease));
                if (_asked.Count == 0 && IsClosed(_stage._in))
                {
                    CompleteStage();
                }
            }
        }

        private void PullMore()
        {
            if (_asked.Count < UnderWay && !IsClosed(_stage._in) && !HasBeenPulled(_stage._in))
            {
                Pull(_stage._in);
            }
        }
    }
}
