using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Normalises rows; an item is a row.</summary>
internal sealed unsafe class NormWork(InstructionPath path, CpuTeam team) : LaneWork(path)
{
    private PortableBuffer _input = null!;
    private PortableBuffer _output = null!;
    private PortableWeight _weight = null!;
    private PortableWeight? _bias;
    private NormKind _kind;
    private float _epsilon;

    public void Run(
        NormKind kind, PortableBuffer input, int rows, PortableWeight weight, PortableWeight? bias, float epsilon, PortableBuffer output)
    {
        (_kind, _input, _weight, _bias, _epsilon, _output) = (kind, input, weight, bias, epsilon, output);
        team.Run(this, rows, (long)rows * input.Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Execute<V>(int first, int end, int thread)
    {
        var columns = _input.Columns;
        for (var row = first; row < end; row++)
        {
            var x = _input.Row(row);
            var y = _output.Row(row);
            var mean = _kind == NormKind.Layer ? Norms.Sum<V>(x, columns) / columns : 0f;
            var variance = Norms.SumOfSquares<V>(x, columns, mean) / columns;
            var scale = V.Create(1f / MathF.Sqrt(variance + _epsilon));
            for (var i = 0; i < columns; i += V.Count)
            {
                var value = (V.Load(x + i) - V.Create(mean)) * scale * V.Load(_weight.Vector + i);
                if (_bias is not null)
                {
                    value += V.Load(_bias.Vector + i);
                }

                Partial.StoreUpTo(value, y + i, columns - i);
            }
        }
    }
}

/// <summary>The sums that norms need, over exactly <c>count</c> floats.</summary>
internal static unsafe class Norms
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum<V>(float* x, int count)
        where V : unmanaged, ILanes<V>
    {
        var sum = V.Create(0f);
        var whole = count - (count % V.Count);
        for (var i = 0; i < whole; i += V.Count)
        {
            sum += V.Load(x + i);
        }

        return V.Sum(whole < count ? sum + Partial.Load<V, F32Number>((byte*)(x + whole), count - whole) : sum);
    }

    /// <summary>The sum of (x - mean)^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SumOfSquares<V>(float* x, int count, float mean)
        where V : unmanaged, ILanes<V>
    {
        var sum = V.Create(0f);
        var whole = count - (count % V.Count);
        for (var i = 0; i < whole; i += V.Count)
        {
            var d = V.Load(x + i) - V.Create(mean);
            sum = V.MultiplyAdd(d, d, sum);
        }

        if (whole < count)
        {
            var d = Partial.Keep(Partial.Load<V, F32Number>((byte*)(x + whole), count - whole) - V.Create(mean), count - whole);
            sum = V.MultiplyAdd(d, d, sum);
        }

        return V.Sum(sum);
    }
}
