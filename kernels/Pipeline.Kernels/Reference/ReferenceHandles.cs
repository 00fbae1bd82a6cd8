namespace Pipeline.Kernels;

internal sealed class ReferenceBuffer(string name, int rows, int columns) : DeviceBuffer(name, rows, columns)
{
    private readonly double[] _values = new double[(long)rows * columns];

    public ref double this[int row, int column] => ref _values[(row * (long)Columns) + column];

    public Span<double> Row(int row) => _values.AsSpan(row * Columns, Columns);
}

internal sealed class ReferenceWeight : DeviceWeight
{
    private readonly float[]? _quantized;

    public ReferenceWeight(WeightSpec spec)
        : base(spec)
    {
        if (spec.Quantization != Quantization.None)
        {
            _quantized = new float[spec.Count];
            for (var i = 0; i < _quantized.Length; i++)
            {
                _quantized[i] = WeightReader.Loaded(spec, i / spec.Inputs / spec.Outputs, i / spec.Inputs % spec.Outputs, i % spec.Inputs);
            }
        }
    }

    public double At(int output, int input, int part = 0) => _quantized is null
        ? WeightReader.Element(Spec, part, output, input)
        : _quantized[(((part * Spec.Outputs) + output) * Spec.Inputs) + input];
}

internal sealed class ReferenceRouting(int rows, int slots) : DeviceRouting(rows, slots)
{
    public int[] Experts { get; } = new int[rows * slots];

    public double[] Scores { get; } = new double[rows * slots];
}

internal sealed class ReferenceChoices(int rows) : DeviceChoices(rows)
{
    public TokenChoice[] Choices { get; } = new TokenChoice[rows];
}

internal sealed class ReferenceKvPool(KvShape shape) : KvPool(shape)
{
    private readonly double[] _values = new double[shape.Bytes / sizeof(float)];

    public Span<double> Key(int page, int layer, int head, int token) => At(page, layer, side: 0, head, token);

    public Span<double> Value(int page, int layer, int head, int token) => At(page, layer, side: 1, head, token);

    private Span<double> At(int page, int layer, int side, int head, int token)
    {
        var index = (((((((page * Shape.Layers) + layer) * 2) + side) * Shape.KvHeads) + head) * Shape.PageTokens) + token;
        return _values.AsSpan(index * Shape.HeadSize, Shape.HeadSize);
    }
}
