using Akka.Actor;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Scheduling;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>Prompt rows of several sessions; the last row of a prompt chooses its first token.</summary>
internal sealed class PrefillRun(ModelHost host, int attachment, PrefillBatch batch, IActorRef owner)
    : Run(RunKind.Prefill, attachment)
{
    public override void Start()
    {
        var step = host.Prefill.Step;
        step.Clear();
        Session? session = null;
        foreach (var slice in batch.Slices)
        {
            if (slice.Session != session)
            {
                session = slice.Session;
                step.BeginSequence(session.Pages(AttentionKind.Chunked), session.Pages(AttentionKind.Full));
            }

            var last = slice.Segment switch
            {
                TextSegment text => AddText(step, slice, text),
                VisualSegment visual => AddVisual(step, slice, visual),
                _ => throw new InvalidOperationException("A segment is text or visual."),
            };
            if (slice.EndsPrompt)
            {
                step.AddOutput(last);
            }
        }

        host.Prefill.Start();
    }

    public override PassState Advance() => host.Prefill.Advance();

    public override void Finish()
    {
        host.Prefill.ReadChoices(batch.Choices);
        var output = 0;
        foreach (var slice in batch.Slices)
        {
            if (slice.EndsPrompt)
            {
                host.Choose(host.Prefill, output, slice.Session, ref batch.Choices[output]);
                output++;
            }
        }

        owner.Tell(new DecoderActor.PrefillDone(Attachment, batch));
    }

    public override void Fail() => owner.Tell(new DecoderActor.PrefillFailed(Attachment, batch, host.Prefill.Failure!));

    public override void Abandon() => host.Prefill.Abandon();

    private static int AddText(StepWriter step, PrefillSlice slice, TextSegment text)
    {
        var row = 0;
        for (var i = 0; i < slice.Rows; i++)
        {
            row = step.AddToken(text.Ids[slice.Offset + i], slice.Position + i, RowRole.Prompt);
        }

        return row;
    }

    private int AddVisual(StepWriter step, PrefillSlice slice, VisualSegment visual)
    {
        var hidden = host.HiddenSize;
        host.Prefill.SetVisual(
            step.Table.VisualRows, visual.Rows.AsSpan((visual.First + slice.Offset) * hidden, slice.Rows * hidden));
        var row = 0;
        for (var i = 0; i < slice.Rows; i++)
        {
            row = step.AddVisual(slice.Position + i, RowRole.Prompt);
        }

        return row;
    }
}
