using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Chooses the best experts of each row from its logits; an item is a row.</summary>
internal sealed unsafe class RouteWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    private PortableBuffer _logits = null!;
    private PortableRouting _routing = null!;
    private RouterScore _score;

    public void Run(PortableBuffer logits, int rows, RouterScore score, PortableRouting routing)
    {
        (_logits, _score, _routing) = (logits, score, routing);
        team.Run(this, rows, (long)rows * logits.Columns * routing.Slots);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        for (var row = first; row < end; row++)
        {
            var logits = new Span<float>(_logits.Row(row), _logits.Columns);
            var experts = _routing.Experts.AsSpan(row * _routing.Slots, _routing.Slots);
            var scores = _routing.Scores.AsSpan(row * _routing.Slots, _routing.Slots);
            if (_score == RouterScore.SoftmaxThenTop)
            {
                Softmax<V>(logits);
            }

            Top(logits, experts, scores);
            if (_score == RouterScore.TopThenSoftmax)
            {
                Softmax<V>(scores);
            }
            else if (_score == RouterScore.Sigmoid)
            {
                Sigmoid<V>(scores);
            }
        }
    }

    /// <summary>The largest values, best first, ties to the lower index.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Top(ReadOnlySpan<float> values, Span<int> indices, Span<float> best)
    {
        for (var slot = 0; slot < indices.Length; slot++)
        {
            var winner = -1;
            for (var i = 0; i < values.Length; i++)
            {
                if (!indices[..slot].Contains(i) && (winner < 0 || values[i] > values[winner]))
                {
                    winner = i;
                }
            }

            indices[slot] = winner;
            best[slot] = values[winner];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax<V>(Span<float> values)
        where V : unmanaged, ILanes<V>
    {
        var maximum = float.NegativeInfinity;
        foreach (var value in values)
        {
            maximum = MathF.Max(maximum, value);
        }

        var total = 0f;
        foreach (ref var value in values)
        {
            value = V.First(VectorMath.Exp(V.Create(value - maximum)));
            total += value;
        }

        foreach (ref var value in values)
        {
            value /= total;
        }
    }

    private static void Sigmoid<V>(Span<float> values)
        where V : unmanaged, ILanes<V>
    {
        foreach (ref var value in values)
        {
            value = V.First(VectorMath.Sigmoid(V.Create(value)));
        }
    }
}
