namespace Pipeline.Bench;

/// <summary>One thing that is timed: the same work, on the same numbers, at each run.</summary>
internal abstract class Workload
{
    /// <summary>What is measured: prefill, decode or vision.</summary>
    public abstract string Kind { get; }

    /// <summary>How large it is: tokens, sequences or tiles.</summary>
    public abstract int Size { get; }

    /// <summary>The unit of <see cref="Size"/>.</summary>
    public abstract string SizeUnit { get; }

    /// <summary>Tokens or tiles that a run yields, for a rate.</summary>
    public abstract int Yield { get; }

    /// <summary>Operations of a run.</summary>
    public abstract double Operations { get; }

    /// <summary>Bytes that a run must read, known once it was prepared; 0 where reading is not what limits it.</summary>
    public virtual double Bytes => 0;

    /// <summary>Fills caches, makes code, counts what a run reads.</summary>
    public virtual void Prepare(CancellationToken cancellation) => Run(cancellation);

    /// <exception cref="OperationCanceledException">It was asked to end.</exception>
    public abstract void Run(CancellationToken cancellation);
}
