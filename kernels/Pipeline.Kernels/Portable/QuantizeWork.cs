namespace Pipeline.Kernels;

/// <summary>Quantizes a weight where it is loaded; an item is some outputs of a part.</summary>
internal sealed unsafe class QuantizeWork : TeamWork
{
    private const int ItemOutputs = 32;

    private readonly WeightSpec _spec;
    private readonly QuantizedRows _rows;
    private readonly byte* _target;
    private readonly int _partItems;

    private QuantizeWork(WeightSpec spec, QuantizedRows rows, byte* target)
    {
        _spec = spec;
        _rows = rows;
        _target = target;
        _partItems = (spec.Outputs + ItemOutputs - 1) / ItemOutputs;
    }

    /// <param name="target">Room for the rows of all parts.</param>
    /// <exception cref="PipelineException">A number is not finite.</exception>
    public static void Run(CpuTeam team, WeightSpec spec, QuantizedRows rows, byte* target)
    {
        var work = new QuantizeWork(spec, rows, target);
        team.Run(work, work._partItems * spec.Parts.Count, spec.Count);
    }

    public override void Execute(int first, int end, int thread)
    {
        for (var item = first; item < end; item++)
        {
            var (part, output) = (item / _partItems, item % _partItems * ItemOutputs);
            var row = ((long)part * _spec.Outputs) + output;
            _rows.Pack(_spec, part, output, Math.Min(ItemOutputs, _spec.Outputs - output), _target + (row * _rows.RowBytes));
        }
    }
}
