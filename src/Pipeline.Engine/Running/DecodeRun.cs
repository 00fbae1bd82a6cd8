using Akka.Actor;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Scheduling;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>One step of all decoding sessions: a row each.</summary>
internal sealed class DecodeRun(ModelHost host, int attachment, DecodeBatch batch, IActorRef owner)
    : Run(RunKind.Decode, attachment)
{
    public override void Start()
    {
        var step = host.Decode.Step;
        step.Clear();
        foreach (var session in batch.Sessions)
        {
            step.BeginSequence(session.Pages(AttentionKind.Chunked), session.Pages(AttentionKind.Full));
            step.AddOutput(step.AddToken(session.LastToken, session.Committed, RowRole.Generated));
        }

        host.Decode.Start();
    }

    public override PassState Advance() => host.Decode.Advance();

    public override void Finish()
    {
        host.Decode.ReadChoices(batch.Choices);
        for (var output = 0; output < batch.Sessions.Count; output++)
        {
            host.Choose(host.Decode, output, batch.Sessions[output], ref batch.Choices[output]);
        }

        owner.Tell(new DecoderActor.DecodeDone(Attachment, batch));
    }

    public override void Fail() => owner.Tell(new DecoderActor.DecodeFailed(Attachment, batch, host.Decode.Failure!));

    public override void Abandon() => host.Decode.Abandon();
}
