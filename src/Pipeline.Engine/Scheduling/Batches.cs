using Pipeline.Kernels;

namespace Pipeline.Engine.Scheduling;

/// <summary>Consecutive prompt rows of one segment in a prefill run.</summary>
/// <param name="Session">Whose rows.</param>
/// <param name="Segment">Where they come from.</param>
/// <param name="Offset">First row within the segment.</param>
/// <param name="Position">Position of the first row in the session.</param>
/// <param name="Rows">How many.</param>
/// <param name="LastOfSegment">Whether the segment ends with them.</param>
internal readonly record struct PrefillSlice(
    Session Session, Segment Segment, int Offset, int Position, int Rows, bool LastOfSegment)
{
    /// <summary>Whether the session's whole prompt ends with this slice, so that its last row chooses the first token.</summary>
    public bool EndsPrompt => Position + Rows == Session.PromptTokens;
}

/// <summary>The rows of one prefill run.</summary>
internal sealed class PrefillBatch(int sessions)
{
    public List<PrefillSlice> Slices { get; } = [];

    public int Rows { get; private set; }

    /// <summary>Handed to a run that is not done.</summary>
    public bool Busy { get; set; }

    /// <summary>First tokens, in the order of the slices that end a prompt.</summary>
    public TokenChoice[] Choices { get; } = new TokenChoice[sessions];

    public void Add(PrefillSlice slice)
    {
        Slices.Add(slice);
        Rows += slice.Rows;
    }

    public void Clear()
    {
        Slices.Clear();
        Rows = 0;
    }
}

/// <summary>One row a decoding session, or a session of one of two micro-batches.</summary>
internal sealed class DecodeBatch(int index, int sessions)
{
    /// <summary>Which micro-batch.</summary>
    public int Index { get; } = index;

    public List<Session> Sessions { get; } = new(sessions);

    /// <summary>Handed to a run that is not done.</summary>
    public bool Busy { get; set; }

    /// <summary>Next tokens, in the order of <see cref="Sessions"/>.</summary>
    public TokenChoice[] Choices { get; } = new TokenChoice[sessions];
}
