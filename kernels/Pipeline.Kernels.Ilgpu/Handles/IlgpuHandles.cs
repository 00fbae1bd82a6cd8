using ILGPU;

namespace Pipeline.Kernels;

/// <summary>Rows of float32 without gaps.</summary>
internal sealed class IlgpuBuffer(IlgpuRuntime runtime, string name, int rows, int columns) : DeviceBuffer(name, rows, columns), IDisposable
{
    private readonly DeviceMemory<float> _memory = runtime.Allocate<float>(name, (long)rows * columns);

    public ArrayView<float> View => _memory.View;

    /// <summary>Some whole rows.</summary>
    public ArrayView<float> RowsOf(int first, int rows) => View.SubView((long)first * Columns, (long)rows * Columns);

    public void Dispose() => _memory.Dispose();
}

internal sealed class IlgpuRouting(IlgpuRuntime runtime, int rows, int slots) : DeviceRouting(rows, slots), IDisposable
{
    private readonly DeviceMemory<int> _experts = runtime.Allocate<int>("routing", (long)rows * slots);
    private readonly DeviceMemory<float> _scores = runtime.Allocate<float>("routing", (long)rows * slots);

    public ArrayView<int> Experts => _experts.View;

    public ArrayView<float> Scores => _scores.View;

    /// <summary>The lowest and the highest expert that may stand inside: the host does not see what the device chose.</summary>
    public (int Lowest, int Highest) Range { get; set; }

    public void Dispose()
    {
        _experts.Dispose();
        _scores.Dispose();
    }
}

/// <summary>The tokens, negated by ~ where a logit was not finite, and each row's sum of e^(logit - best logit).</summary>
internal sealed class IlgpuChoices(IlgpuRuntime runtime, int rows) : DeviceChoices(rows), IDisposable
{
    private readonly DeviceMemory<int> _tokens = runtime.Allocate<int>("choices", rows);
    private readonly DeviceMemory<float> _totals = runtime.Allocate<float>("choices", rows);

    public ArrayView<int> Tokens => _tokens.View;

    public ArrayView<float> Totals => _totals.View;

    public int[] HostTokens { get; } = new int[rows];

    public float[] HostTotals { get; } = new float[rows];

    public void Dispose()
    {
        _tokens.Dispose();
        _totals.Dispose();
    }
}

/// <summary>Pages as <see cref="PoolShape"/> has them.</summary>
internal sealed class IlgpuKvPool(IlgpuRuntime runtime, KvShape shape) : KvPool(shape), IDisposable
{
    private readonly DeviceMemory<float> _memory = runtime.Allocate<float>("keys and values", shape.Bytes / sizeof(float));

    public ArrayView<float> View => _memory.View;

    public PoolShape Layer(int layer) => new(Shape.Layers, layer, Shape.KvHeads, Shape.PageTokens, Shape.HeadSize);

    public void Dispose() => _memory.Dispose();
}

/// <summary>Scratch that grows to the largest size asked for.</summary>
internal sealed class IlgpuScratch<T>(IlgpuRuntime runtime) : IDisposable
    where T : unmanaged
{
    private DeviceMemory<T>? _memory;

    public ArrayView<T> Of(long count)
    {
        if (_memory is null || _memory.View.Length < count)
        {
            runtime.Launches.LaunchHeld(); // who was told of the smaller one goes before it is gone
            _memory?.Dispose();
            _memory = runtime.Allocate<T>("scratch", count);
        }

        return _memory.View;
    }

    public void Dispose() => _memory?.Dispose();
}
