using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Finds the best token of each row of logits and its log-probability; an item is a row.</summary>
internal sealed unsafe class BestWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    /// <summary>Exponentials that are summed in float32 before they join the sum in double.</summary>
    private const int Block = 1024;

    private PortableBuffer _logits = null!;
    private PortableChoices _choices = null!;

    public void Run(PortableBuffer logits, int rows, PortableChoices choices)
    {
        (_logits, _choices) = (logits, choices);
        team.Run(this, rows, (long)rows * logits.Columns);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        for (var row = first; row < end; row++)
        {
            _choices.Choices[row] = Choose<V>(_logits.Row(row), _logits.Columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TokenChoice Choose<V>(float* logits, int count)
        where V : unmanaged, ILanes<V>
    {
        var largest = V.Create(float.NegativeInfinity);
        var poison = V.Create(0f);
        var whole = count - (count % V.Count);
        for (var i = 0; i < whole; i += V.Count)
        {
            var logit = V.Load(logits + i);
            largest = V.Max(largest, logit);

            // Zero times infinity or NaN is NaN, and stays.
            poison = V.MultiplyAdd(logit, V.Create(0f), poison);
        }

        var maximum = V.Largest(largest);
        var finite = V.Sum(poison) == 0f;
        for (var i = whole; i < count; i++)
        {
            maximum = MathF.Max(maximum, logits[i]);
            finite &= float.IsFinite(logits[i]);
        }

        var token = new ReadOnlySpan<float>(logits, count).IndexOf(maximum);
        var total = 0.0;
        for (var block = 0; block < count; block += Block)
        {
            total += SumOfExp<V>(logits + block, Math.Min(Block, count - block), maximum);
        }

        return new TokenChoice(Math.Max(token, 0), (float)-Math.Log(total), finite);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SumOfExp<V>(float* logits, int count, float maximum)
        where V : unmanaged, ILanes<V>
    {
        var sum = V.Create(0f);
        for (var i = 0; i < count; i += V.Count)
        {
            var power = VectorMath.Exp(V.Load(logits + i) - V.Create(maximum));
            sum += Partial.Keep(power, count - i);
        }

        return V.Sum(sum);
    }
}
