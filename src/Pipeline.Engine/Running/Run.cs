using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>What a batch consists of; the device thread holds at most one run of a kind.</summary>
internal enum RunKind
{
    /// <summary>A row each of the decoding sessions, or of the first of two micro-batches.</summary>
    Decode,

    /// <summary>The second micro-batch: it computes while the first waits for experts.</summary>
    SecondDecode,
    Prefill,
    Vision,
}

/// <summary>Whose runs they are: an actor made anew attaches, and the runs of the one before are dropped.</summary>
internal enum RunOwner
{
    Decoder,
    Vision,
}

/// <summary>A batch on its way through the model. Only the device thread calls it once it was submitted.</summary>
internal abstract class Run(RunKind kind, int attachment)
{
    public RunKind Kind { get; } = kind;

    public bool IsDecode => Kind is RunKind.Decode or RunKind.SecondDecode;

    /// <summary>The attachment of the actor that submitted it; older ones are dropped.</summary>
    public int Attachment { get; } = attachment;

    public RunOwner Owner => Kind == RunKind.Vision ? RunOwner.Vision : RunOwner.Decoder;

    /// <summary>Experts elsewhere are at work: nothing to do before a wake.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>When a wake last said that it may go on; null once it did, or did not.</summary>
    public long? WokenAt { get; set; }

    /// <summary>The run had its first turn.</summary>
    public bool HasBegun { get; set; }

    /// <summary>How long its experts' answers have lain there in all, while another run was in the middle of a half layer.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Fills the pass from the batch.</summary>
    public abstract void Start();

    /// <summary>One half layer.</summary>
    public abstract PassState Advance();

    /// <summary>Reads the results and tells the actor.</summary>
    public abstract void Finish();

    /// <summary>Tells the actor that the experts were not to be had; nothing of the batch counts.</summary>
    public abstract void Fail();

    /// <summary>Drops the batch: nobody waits for it any more.</summary>
    public abstract void Abandon();
}
