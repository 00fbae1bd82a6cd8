using Akka.Streams;
using Akka.Streams.Stage;
using Pipeline.Engine.Scheduling;
using Pipeline.Model;

namespace Pipeline.Engine.Graph;

/// <summary>
/// Early fusion: gives the segments of the planned prompt in order, its own text ids and, from upstream, each picture's visual
/// tokens. Text that comes before a picture goes out without waiting for it.
/// </summary>
internal sealed class FusionStage(PromptPlan plan) : GraphStage<FlowShape<EncodedPicture, Segment>>
{
    private readonly Inlet<EncodedPicture> _in = new("Fusion.in");
    private readonly Outlet<Segment> _out = new("Fusion.out");

    public override FlowShape<EncodedPicture, Segment> Shape => new(_in, _out);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, plan);

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly FusionStage _stage;
        private readonly PromptPlan _plan;
        private EncodedPicture? _picture;
        private int _next;

        public Logic(FusionStage stage, PromptPlan plan)
            : base(stage.Shape)
        {
            _stage = stage;
            _plan = plan;
            SetHandlers(stage._in, stage._out, this);
        }

        private PromptSegment Next => _plan.Segments[_next];

        public override void OnPull()
        {
            if (Next.Picture is null)
            {
                Give(new TextSegment([.. _plan.Ids.Skip(Next.Start).Take(Next.Length)]));
            }
            else if (Next.Tile == 0)
            {
                Pull(_stage._in);
            }
            else
            {
                GiveTile();
            }
        }

        public override void OnPush()
        {
            _picture = Grab(_stage._in);
            GiveTile();
        }

        public override void OnUpstreamFinish()
        {
            if (_plan.Segments.Skip(_next).Any(segment => segment is { Picture: not null, Tile: 0 }))
            {
                FailStage(new PipelineException(
                    "media.too-few-frames", "the media gave fewer frames than were planned", "the file may be damaged"));
            }
        }

        private void GiveTile()
        {
            var last = !HasMoreTiles();
            Give(new VisualSegment(_picture!.Rows, Next.Tile * Next.Length, Next.Length, last ? _picture.Lease : null));
        }

        /// <summary>Between tiles of a picture stands at most one separator's text.</summary>
        private bool HasMoreTiles() =>
            _plan.Segments.Skip(_next + 1).Take(2).Any(segment => segment.Picture == Next.Picture);

        private void Give(Segment segment)
        {
            Push(_stage._out, segment);
            if (++_next == _plan.Segments.Count)
            {
                CompleteStage();
            }
        }
    }
}
