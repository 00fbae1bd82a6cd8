using Akka.Actor;
using Akka.Event;
using Pipeline.Engine.Running;
using Pipeline.Engine.Scheduling;
using Pipeline.Kernels;
using Pipeline.Text;

namespace Pipeline.Engine.Decoding;

/// <summary>
/// One a device: owns sessions, scheduler and KV pages. Windows open a session, send the segments of their prompt as they are
/// ready, and get tokens; the actor hands prefill and decode runs to the device thread: one prefill, and a decode run a micro-batch.
/// Made anew after a failure with an empty page table; the windows that it served are retried.
/// <code>Attaching --Attached--> Decoding</code>
/// </summary>
internal sealed class DecoderActor : UntypedActor, IWithUnboundedStash
{
    private readonly DeviceThread _thread;
    private readonly ModelHost _host;
    private readonly Tokenizer _tokenizer;
    private readonly DecoderMeters _meters;
    private readonly Scheduler _scheduler;
    private readonly Dictionary<IActorRef, OpenedSession> _sessions = [];
    private long _nextId;
    private int _attachment;

    public DecoderActor(DeviceThread thread, ModelHost host, Tokenizer tokenizer, DecoderMeters meters)
    {
        _thread = thread;
        _host = host;
        _tokenizer = tokenizer;
        _meters = meters;
        _scheduler = host.CreateScheduler();
    }

    public IStash Stash { get; set; } = null!;

    public static Props Props(DeviceThread thread, ModelHost host, Tokenizer tokenizer, DecoderMeters meters) =>
        Akka.Actor.Props.Create(() => new DecoderActor(thread, host, tokenizer, meters));

    protected override void PreStart() => _thread.Attach(RunOwner.Decoder, Self);

    protected override void PostStop() => _meters.Report(_thread, sessions: 0, waiting: 0, pages: 0);

    protected override void OnReceive(object message)
    {
        if (message is Attached attached)
        {
            _attachment = attached.Attachment;
            Become(Decoding);
            Stash.UnstashAll();
        }
        else
        {
            Stash.Stash();
        }
    }

    private void Decoding(object message)
    {
        switch (message)
        {
            case OpenSession open:
                Ask(open);
                break;
            case AppendSegment append:
                Append(append.Segment);
                break;
            case CloseSession:
                Close(Sender);
                break;
            case Terminated terminated:
                Close(terminated.ActorRef);
                break;
            case PrefillDone done when done.Attachment == _attachment:
                Complete(done.Batch);
                break;
            case DecodeDone done when done.Attachment == _attachment:
                Complete(done.Batch);
                break;
            case PrefillFailed failed when failed.Attachment == _attachment:
                _scheduler.Drop(failed.Batch);
                Fail(failed.Batch.Slices.Select(slice => slice.Session).Distinct(), failed.Reason);
                break;
            case DecodeFailed failed when failed.Attachment == _attachment:
                _scheduler.Drop(failed.Batch);
                Fail(failed.Batch.Sessions, failed.Reason);
                break;
            case PrefillDone or DecodeDone or PrefillFailed or DecodeFailed:
                break;
            default:
                Unhandled(message);
                return;
        }

        Step();
    }

    private void Ask(OpenSession open)
    {
        var session = new OpenedSession(++_nextId, open, Sender, _tokenizer);
        try
        {
            _scheduler.Ask(session);
        }
        catch (PipelineException refusal)
        {
            Sender.Tell(new SessionFailed(refusal));
            return;
        }

        _sessions.Add(Sender, session);
        Context.Watch(Sender);
    }

    private void Append(Segment segment)
    {
        if (_sessions.TryGetValue(Sender, out var session))
        {
            session.OwesDemand = true;
            try
            {
                _scheduler.Append(session, segment);
            }
            catch (InvalidOperationException exception)
            {
                Fail(session, EngineFailures.Of(exception));
            }
        }
    }

    private void Close(IActorRef owner)
    {
        if (_sessions.Remove(owner, out var session))
        {
            Context.Unwatch(owner);
            _scheduler.Close(session);
        }
    }

    private void Complete(PrefillBatch batch)
    {
        var output = 0;
        foreach (var slice in batch.Slices)
        {
            if (slice.EndsPrompt)
            {
                Take((OpenedSession)slice.Session, batch.Choices[output++]);
            }
        }

        _scheduler.Complete(batch);
    }

    private void Complete(DecodeBatch batch)
    {
        _meters.CountStep();
        for (var index = 0; index < batch.Sessions.Count; index++)
        {
            Take((OpenedSession)batch.Sessions[index], batch.Choices[index]);
        }

        _scheduler.Complete(batch);
    }

    private void Take(OpenedSession session, TokenChoice choice)
    {
        if (session.Closing)
        {
            return;
        }

        if (!choice.Finite)
        {
            Fail(session, new PipelineException(
                "model.not-finite",
                $"the model computed a logit that is not a finite number at position {session.PromptTokens + session.Generated}",
                "the checkpoint may be damaged: compare it with `verify`"));
            return;
        }

        _meters.CountToken();
        Scheduler.Accept(session, choice.Token);
        var text = session.Text.Take(choice);
        session.Owner.Tell(new TokenGenerated(
            text, new TokenLogprob(choice.Token, _tokenizer.Decode([choice.Token], skipSpecial: false), choice.LogProbability), session.Text.EndedByToken, session.Text.Finish));
        if (session.Text.Finish is not null)
        {
            Close(session.Owner);
        }
    }

    private void Fail(IEnumerable<Session> sessions, PipelineException reason)
    {
        foreach (var session in sessions.Cast<OpenedSession>().Where(session => !session.Closing).ToArray())
        {
            Fail(session, reason);
        }
    }

    private void Fail(OpenedSession session, PipelineException reason)
    {
        session.Owner.Tell(new SessionFailed(reason));
        Close(session.Owner);
    }

    private void Step()
    {
        while (_scheduler.Admit() is OpenedSession admitted)
        {
            admitted.Owner.Tell(SessionOpened.Instance);
        }

        if (_scheduler.NextPrefill() is { } prefill)
        {
            _thread.Submit(new PrefillRun(_host, _attachment, prefill, Self));
        }

        while (_scheduler.NextDecode() is { } decode)
        {
            _thread.Submit(new DecodeRun(_host, _attachment, decode, Self));
        }

        foreach (var session in _sessions.Values)
        {
            if (session.OwesDemand && _scheduler.WantsMore(session))
            {
                session.OwesDemand = false;
                session.Owner.Tell(SegmentWanted.Instance);
            }
        }

        _meters.Report(_thread, _scheduler.Open, _scheduler.Waiting, _scheduler.PagesInUse);
    }

    private sealed class OpenedSession(long id, OpenSession open, IActorRef owner, Tokenizer tokenizer)
        : Session(id, open.PromptTokens, open.Settings, open.PromptIds)
    {
        public IActorRef Owner { get; } = owner;

        public TextStream Text { get; } = new(open.Settings, tokenizer);

        /// <summary>The asker waits for <see cref="SegmentWanted"/>.</summary>
        public bool OwesDemand { get; set; }
    }

    /// <summary>Asks for a session; answered by <see cref="SessionOpened"/> when there is room, in order of asking, or by <see cref="SessionFailed"/>.</summary>
    /// <param name="PromptTokens">Tokens of the whole planned prompt.</param>
    /// <param name="PromptIds">Its token ids, placeholders for visual ones, for penalties that look at the prompt.</param>
    /// <param name="Settings">How it generates.</param>
    public sealed record OpenSession(int PromptTokens, IReadOnlyList<int> PromptIds, DecodeSettings Settings) : INoSerializationVerificationNeeded;

    /// <summary>The session has its pages: the first segment is wanted.</summary>
    public sealed record SessionOpened : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static SessionOpened Instance { get; } = new();
    }

    /// <summary>The next piece of the sender's prompt, in order; answered by <see cref="SegmentWanted"/> while more is expected.</summary>
    public sealed record AppendSegment(Segment Segment) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    /// <summary>The next segment may come.</summary>
    public sealed record SegmentWanted : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static SegmentWanted Instance { get; } = new();
    }

    /// <summary>The sender is done with its session.</summary>
    public sealed record CloseSession : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static CloseSession Instance { get; } = new();
    }

    /// <summary>One more token.</summary>
    /// <param name="Text">The text that may be shown now.</param>
    /// <param name="Token">The token.</param>
    /// <param name="IsStop">Whether it is a stop token, which is not part of the text.</param>
    /// <param name="Finish">Set with the last one.</param>
    public sealed record TokenGenerated(string Text, TokenLogprob Token, bool IsStop, FinishReason? Finish)
        : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    /// <summary>The session ended by its own fault, or could never be opened.</summary>
    public sealed record SessionFailed(PipelineException Reason) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    internal sealed record PrefillDone(int Attachment, PrefillBatch Batch) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    internal sealed record DecodeDone(int Attachment, DecodeBatch Batch) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    internal sealed record PrefillFailed(int Attachment, PrefillBatch Batch, PipelineException Reason) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    internal sealed record DecodeFailed(int Attachment, DecodeBatch Batch, PipelineException Reason) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
}
