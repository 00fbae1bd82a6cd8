using System.Runtime.InteropServices;

namespace Pipeline.Cluster.Shards;

/// <summary>One row's visit to one expert.</summary>
/// <param name="Row">Row of the request's input.</param>
/// <param name="Expert">Index among the experts of the request's layer.</param>
/// <param name="Score">What the model's score multiplies (<see cref="Kernels.ScoreOn"/>) is multiplied by this.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly record struct ExpertAssignment(int Row, int Expert, float Score);

/// <summary>How a request ended.</summary>
public enum ExpertOutcome
{
    /// <summary>All output rows are written.</summary>
    Done,

    /// <summary>The store does not hold the shard; nothing is written.</summary>
    NotHeld,

    /// <summary>The request names a row or an expert that is not there, or the device failed; output rows are undefined.</summary>
    Failed,
}

/// <summary>Rows of one layer for experts of one shard. Its maker owns the memory, which stays as it is until <see cref="Complete"/>.</summary>
public abstract class ExpertRequest
{
    public abstract int Layer { get; }

    public abstract int Shard { get; }

    /// <summary>Rows of <see cref="Input"/>.</summary>
    public abstract int Rows { get; }

    /// <summary>Whether a decode step waits for it: it passes before those of prompts.</summary>
    public abstract bool Urgent { get; }

    /// <summary>[rows, hidden], normed and unscaled.</summary>
    public abstract ReadOnlySpan<float> Input { get; }

    /// <summary>What is wanted: rows ascending, within a row in order of its slots; all of this shard.</summary>
    public abstract ReadOnlySpan<ExpertAssignment> Assignments { get; }

    /// <summary>[assignments, hidden]: one unsummed row an assignment.</summary>
    public abstract Span<float> Output { get; }

    /// <summary>When its batch began (<see cref="System.Diagnostics.Stopwatch"/>): until then it waited. Set by the store.</summary>
    public long TakenAt { get; set; }

    /// <summary>Whether anybody still waits for the answer: one that nobody wants may be completed as <see cref="ExpertOutcome.Failed"/> without computing it.</summary>
    public virtual bool IsWanted => true;

    /// <summary>Called exactly once, from the device thread or from who enqueued it; must not block.</summary>
    public abstract void Complete(ExpertOutcome outcome);
}
