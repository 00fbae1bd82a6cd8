namespace Pipeline.Kernels;

/// <summary>
/// Routed experts as two grouped products: assignments are sorted by expert (a counting sort, so their order within an expert is
/// that of the rows), their rows gathered, and each result written to its assignment's row.
/// </summary>
internal sealed class ExpertWork(ProductWork product)
{
    private int[] _order = [];
    private int[] _starts = [];

    public void Run(PortableBuffer input, PortableRouting routing, int rows, ExpertTargets experts)
    {
        Sort(routing.Experts.AsSpan(0, rows * routing.Slots), experts.Experts);
        product.Begin(input, routing.Slots, _order, experts.ScoreOn == ScoreOn.Input ? routing.Scores : null);
        AddGroups(experts.Experts);
        product.AddTarget(experts.GateUp);
        product.Run();
        product.Begin(experts.GateUp.Output, divisor: 1, _order, experts.ScoreOn == ScoreOn.Output ? routing.Scores : null);
        AddGroups(experts.Experts);
        product.AddTarget(experts.Down);
        product.Run();
    }

    private void AddGroups(int experts)
    {
        for (var expert = 0; expert < experts; expert++)
        {
            product.AddGroup(expert, _starts[expert], _starts[expert + 1] - _starts[expert]);
        }
    }

    /// <summary>After this the assignments of expert e are order[starts[e]..starts[e + 1]].</summary>
    private void Sort(ReadOnlySpan<int> assigned, int experts)
    {
        if (_order.Length < assigned.Length)
        {
            _order = new int[assigned.Length];
        }

        if (_starts.Length < experts + 2)
        {
            _starts = new int[experts + 2];
        }

        // Counts stand two places up, so that filling turns the starts of e + 1 into those of e + 2.
        Array.Clear(_starts);
        foreach (var expert in assigned)
        {
            if (expert >= 0)
            {
                _starts[expert + 2]++;
            }
        }

        for (var e = 2; e < experts + 2; e++)
        {
            _starts[e] += _starts[e - 1];
        }

        for (var i = 0; i < assigned.Length; i++)
        {
            if (assigned[i] >= 0)
            {
                _order[_starts[assigned[i] + 1]++] = i;
            }
        }
    }
}

/// <summary>One layer's routed experts as targets of a product.</summary>
/// <param name="GateUp">SwiGLU of gate and up, into the inner rows.</param>
/// <param name="Down">From the inner rows to the output.</param>
/// <param name="Experts">Number of experts.</param>
/// <param name="ScoreOn">What a score multiplies.</param>
internal readonly record struct ExpertTargets(ProductTarget GateUp, ProductTarget Down, int Experts, ScoreOn ScoreOn);
