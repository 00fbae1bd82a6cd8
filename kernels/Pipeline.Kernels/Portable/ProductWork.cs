namespace Pipeline.Kernels;

/// <summary>Rows that meet the same part of a weight.</summary>
/// <param name="Part">The part.</param>
/// <param name="First">The first row, in the order of the work.</param>
/// <param name="Count">At most <see cref="ProductKernel.TileRows"/>.</param>
internal readonly record struct RowGroup(int Part, int First, int Count);

/// <summary>One weight of a product, with what happens to its sums.</summary>
internal readonly record struct ProductTarget(
    PortableWeight Weight, PortableBuffer Output, PortableWeight? Bias, Epilogue Epilogue, PortableWeight? Gate, PortableBuffer? Residual)
{
    public int Outputs => Weight.Spec.Outputs;

    public int Tiles => (Outputs + ProductKernel.TileOutputs - 1) / ProductKernel.TileOutputs;
}

/// <summary>
/// Weights applied to common input rows. An item is one tile of one weight for one group of rows; items of a group follow each
/// other, so that its rows stay in the second-level cache while the weights pass.
/// </summary>
internal sealed unsafe class ProductWork(InstructionPath path, CpuTeam team, ThreadScratch[] scratch) : LaneWork(path)
{
    private ProductTarget[] _targets = new ProductTarget[4];
    private RowGroup[] _groups = new RowGroup[16];
    private int _targetCount;
    private int _groupCount;
    private int _tiles;
    private RowSource _input;
    private int[]? _order;
    private float[]? _scores;

    /// <summary>Starts anew: rows in order, one part.</summary>
    public void Begin(PortableBuffer input, int rows)
    {
        Clear();
        _input = new RowSource(input);
        AddGroup(part: 0, first: 0, rows);
    }

    /// <summary>Starts anew: gathered rows, in groups that follow.</summary>
    /// <param name="input">The rows.</param>
    /// <param name="divisor">Assignments that share an input row.</param>
    /// <param name="order">Assignment of each row of the work: its output row.</param>
    /// <param name="scores">Factor on the sums by assignment, or null.</param>
    public void Begin(PortableBuffer input, int divisor, int[] order, float[]? scores)
    {
        Clear();
        _input = new RowSource(input, order, divisor);
        _order = order;
        _scores = scores;
    }

    public void AddGroup(int part, int first, int rows)
    {
        for (var end = first + rows; first < end; first += ProductKernel.TileRows)
        {
            Grow(ref _groups, _groupCount);
            _groups[_groupCount++] = new RowGroup(part, first, Math.Min(ProductKernel.TileRows, end - first));
        }
    }

    public void AddTarget(ProductTarget target)
    {
        Grow(ref _targets, _targetCount);
        _targets[_targetCount++] = target;
        _tiles += target.Tiles;
    }

    public void Run()
    {
        long operations = 0;
        for (var t = 0; t < _targetCount; t++)
        {
            operations += (long)_targets[t].Outputs * _targets[t].Weight.Spec.Inputs;
        }

        var rows = 0;
        for (var g = 0; g < _groupCount; g++)
        {
            rows += _groups[g].Count;
        }

        team.Run(this, _groupCount * _tiles, operations * rows / Padding.Lanes);
    }

    protected override void Execute<V>(int first, int end, int thread)
    {
        for (var item = first; item < end; item++)
        {
            var tile = item % _tiles;
            var t = 0;
            while (tile >= _targets[t].Tiles)
            {
                tile -= _targets[t++].Tiles;
            }

            Tile<V>(_groups[item / _tiles], in _targets[t], tile * ProductKernel.TileOutputs, scratch[thread]);
        }
    }

    private void Tile<V>(RowGroup group, in ProductTarget target, int output, ThreadScratch own)
        where V : unmanaged, ILanes<V>
    {
        var outputs = Math.Min(ProductKernel.TileOutputs, target.Outputs - output);
        ProductKernel.Run<V>(_input, group.First, group.Count, target.Weight, group.Part, output, outputs, own, own.Sums);
        if (target.Gate is { } gate)
        {
            ProductKernel.Run<V>(_input, group.First, group.Count, gate, group.Part, output, outputs, own, own.GateSums);
        }

        for (var r = 0; r < group.Count; r++)
        {
            var row = _order is null ? group.First + r : _order[group.First + r];
            var sums = own.Sums + (r * ProductKernel.TileOutputs);
            var gates = own.GateSums + (r * ProductKernel.TileOutputs);
            if (_scores is not null)
            {
                Epilogues.Scale<V>(sums, outputs, _scores[row]);
                Epilogues.Scale<V>(gates, outputs, _scores[row]);
            }

            Epilogues.Apply<V>(
                target.Epilogue,
                sums,
                gates,
                target.Bias is null ? null : target.Bias.Vector + output,
                target.Residual is null ? null : target.Residual.Row(row) + output,
                target.Output.Row(row) + output,
                outputs);
        }
    }

    private void Clear()
    {
        _targetCount = 0;
        _groupCount = 0;
        _tiles = 0;
        _order = null;
        _scores = null;
    }

    private static void Grow<T>(ref T[] array, int count)
    {
        if (count == array.Length)
        {
            Array.Resize(ref array, count * 2);
        }
    }
}
