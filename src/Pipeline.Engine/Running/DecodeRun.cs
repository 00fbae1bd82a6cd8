using Akka.Actor;
using Pipeline.Engine.Decoding;
using Pipeline.Engine.Scheduling;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>One step of a micro-batch of decoding sessions: a row each.</summary>
internal sealed class DecodeRun(ModelHost host, int attachment, DecodeBatch batch, IActorRef owner)
    : Run(batch.Index == 0 ? RunKind.Decode : RunKind.SecondDecode, attachment)
{
    private readonly TextPass _pass = host.Decode[batch.Index];

    public override void Start()
    {
        var step = _pass.Step;
        step.Clear();
        foreach (var session in batch.Sessions)
        {
            step.BeginSequence(session.Pages(AttentionKind.Chunked), session.Pages(AttentionKind.Full));
            step.AddOutput(step.AddToken(session.LastToken, session.Committed, RowRole.Generated));
        }

        _pass.Start();
    }

    public override PassState Advance() => _pass.Advance();

    public override void Finish()
    {
        _pass.ReadChoices(batch.Choices);
        for (var output = 0; output < batch.Sessions.Count; output++)
        {
            host.Choose(_pass, output, batch.Sessions[output], ref batch.Choices[output]);
        }

        owner.Tell(new DecoderActor.DecodeDone(Attachment, batch));
    }

    public override void Fail() => owner.Tell(new DecoderActor.DecodeFailed(Attachment, batch, _pass.Failure!));

    public override void Abandon() => _pass.Abandon();
}
