using Pipeline.Model;

namespace Pipeline.Engine.Running;

/// <summary>What a batch consists of; the device thread holds at most one run of a kind.</summary>
internal enum RunKind
{
    Decode,
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

    /// <summary>The attachment of the actor that submitted it; older ones are dropped.</summary>
    public int Attachment { get; } = attachment;

    public RunOwner Owner => Kind == RunKind.Vision ? RunOwner.Vision : RunOwner.Decoder;

    /// <summary>Fills the pass from the batch.</summary>
    public abstract void Start();

    /// <summary>One half layer.</summary>
    public abstract PassState Advance();

    /// <summary>Reads the results and tells the actor.</summary>
    public abstract void Finish();
}
