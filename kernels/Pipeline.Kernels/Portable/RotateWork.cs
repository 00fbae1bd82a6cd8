using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>What happens to one head of a query or key before attention.</summary>
internal static unsafe class Heads
{
    /// <summary>Divides by the root of the mean square.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Norm<V>(float* head, int size, float epsilon)
        where V : unmanaged, ILanes<V> =>
        Scale(head, size, 1f / MathF.Sqrt((Norms.SumOfSquares<V>(head, size, mean: 0f) / size) + epsilon));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* head, int size, float factor)
    {
        for (var i = 0; i < size; i++)
        {
            head[i] *= factor;
        }
    }

    /// <summary>Rotates pairs (2j, 2j+1), as the complex product with cos + i sin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* head, int pairs, float* cosines, float* sines)
    {
        for (var j = 0; j < pairs; j++)
        {
            var real = head[2 * j];
            var imaginary = head[(2 * j) + 1];
            head[2 * j] = (real * cosines[j]) - (imaginary * sines[j]);
            head[(2 * j) + 1] = (real * sines[j]) + (imaginary * cosines[j]);
        }
    }
}

/// <summary>Prepares query and key of text rows and appends keys and values to their pages; an item is a row.</summary>
internal sealed unsafe class RotateAppendWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    private StepTable _table = null!;
    private AttentionSpec _spec = null!;
    private PortableBuffer _query = null!;
    private PortableBuffer _key = null!;
    private PortableBuffer _value = null!;
    private PortableKvPool _pool = null!;
    private int _layer;

    public void Run(
        StepTable table, AttentionSpec spec, PortableBuffer query, PortableBuffer key, PortableBuffer value, PortableKvPool pool, int layer)
    {
        (_table, _spec, _query, _key, _value, _pool, _layer) = (table, spec, query, key, value, pool, layer);
        team.Run(this, table.Rows, (long)table.Rows * (query.Columns + (2 * key.Columns)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Execute<V>(int first, int end, int thread)
    {
        fixed (float* cosines = _table.Cosines, sines = _table.Sines)
        {
            for (var row = first; row < end; row++)
            {
                var angles = (long)row * _table.Pairs;
                Prepare<V>(_query.Row(row), _spec.Heads, cosines + angles, sines + angles);
                Prepare<V>(_key.Row(row), _spec.KvHeads, cosines + angles, sines + angles);
                if (_spec.ScaleQuery)
                {
                    Heads.Scale(_query.Row(row), _query.Columns, _table.QueryScales[row]);
                }

                Append(row);
            }
        }
    }

    private void Prepare<V>(float* heads, int count, float* cosines, float* sines)
        where V : unmanaged, ILanes<V>
    {
        for (var h = 0; h < count; h++, heads += _spec.HeadSize)
        {
            if (_spec.Norm == QueryKeyNorm.BeforeRotation)
            {
                Heads.Norm<V>(heads, _spec.HeadSize, _spec.NormEpsilon);
            }

            if (_spec.Rotate)
            {
                Heads.Rotate(heads, _spec.HeadSize / 2, cosines, sines);
            }

            if (_spec.Norm == QueryKeyNorm.AfterRotation)
            {
                Heads.Norm<V>(heads, _spec.HeadSize, _spec.NormEpsilon);
            }
        }
    }

    private void Append(int row)
    {
        var (page, token) = Math.DivRem(_table.Positions[row], _pool.Shape.PageTokens);
        var entry = _table.PageOffsets(_spec.Kind)[_table.RowSequences[row]] + page;
        var id = _table.Pages(_spec.Kind)[entry];
        for (var h = 0; h < _spec.KvHeads; h++)
        {
            var source = h * _spec.HeadSize;
            _pool.Append(id, _layer, h, token, _key.Row(row) + source, _value.Row(row) + source);
        }
    }
}

/// <summary>Rotates query and key of a vision tile's rows; an item is a row.</summary>
internal sealed unsafe class RotateWork(CpuTeam team) : TeamWork
{
    private PortableBuffer _query = null!;
    private PortableBuffer _key = null!;
    private PortableBuffer _cosines = null!;
    private PortableBuffer _sines = null!;
    private int _heads;

    public void Run(PortableBuffer query, PortableBuffer key, int rows, int heads, PortableBuffer cosines, PortableBuffer sines)
    {
        (_query, _key, _heads, _cosines, _sines) = (query, key, heads, cosines, sines);
        team.Run(this, rows, 2L * rows * query.Columns);
    }

    public override void Execute(int first, int end, int thread)
    {
        var size = _query.Columns / _heads;
        for (var row = first; row < end; row++)
        {
            var angle = row % _cosines.Rows;
            for (var h = 0; h < _heads; h++)
            {
                Heads.Rotate(_query.Row(row) + (h * size), size / 2, _cosines.Row(angle), _sines.Row(angle));
                Heads.Rotate(_key.Row(row) + (h * size), size / 2, _cosines.Row(angle), _sines.Row(angle));
            }
        }
    }
}
