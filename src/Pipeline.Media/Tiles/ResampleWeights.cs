namespace Pipeline.Media;

/// <summary>Antialiased bilinear weights of one axis in fixed point: a triangle filter, widened by the reduction,
/// normalised in double, then rounded to int16 with as many fraction bits as the largest weight allows. PyTorch's
/// native uint8 kernel (after Pillow-SIMD) defines it so, and the resized levels equal that kernel's.</summary>
internal sealed class ResampleWeights
{
    /// <summary>The weights of a target are padded with zeros to a multiple of this, for the vector kernel.</summary>
    public const int Step = 4;

    private const int MaxPrecision = 22;

    private readonly int[] _first;
    private readonly short[] _weights;

    public ResampleWeights(int source, int target)
    {
        var filter = new TriangleFilter(source, (double)source / target);
        Source = source;
        Target = target;
        for (var i = 0; i < target; i++)
        {
            Taps = Math.Max(Taps, filter.Count(i));
        }

        var exact = new double[Taps];
        var largest = 0.0;
        for (var i = 0; i < target; i++)
        {
            largest = Math.Max(largest, Largest(filter.Weights(i, exact)));
        }

        Precision = PrecisionFor(largest);
        Stride = (Taps + Step - 1) / Step * Step;
        _first = new int[target];
        _weights = new short[checked(target * Stride)];
        for (var i = 0; i < target; i++)
        {
            _first[i] = filter.First(i);
            var own = filter.Weights(i, exact);
            for (var j = 0; j < own.Length; j++)
            {
                _weights[(i * Stride) + j] = (short)((own[j] * (1 << Precision)) + 0.5);
            }
        }
    }

    /// <summary>Pixels of the axis before.</summary>
    public int Source { get; }

    /// <summary>Pixels of the axis after.</summary>
    public int Target { get; }

    /// <summary>Most source pixels that one target takes from.</summary>
    public int Taps { get; }

    /// <summary>Weights stored for a target: <see cref="Taps"/> rounded up to <see cref="Step"/>.</summary>
    public int Stride { get; }

    /// <summary>Fraction bits of the weights.</summary>
    public int Precision { get; }

    public bool IsIdentity => Source == Target;

    /// <summary>The first source pixel of each target, ascending.</summary>
    public ReadOnlySpan<int> First => _first;

    /// <summary>[Target, Stride]; zeros behind a target's own weights.</summary>
    public ReadOnlySpan<short> Weights => _weights;

    private static int PrecisionFor(double largest)
    {
        var precision = 0;
        while (precision < MaxPrecision && (int)(0.5 + (largest * (1 << (precision + 1)))) <= short.MaxValue)
        {
            precision++;
        }

        return precision;
    }

    private static double Largest(ReadOnlySpan<double> weights)
    {
        var largest = 0.0;
        foreach (var weight in weights)
        {
            largest = Math.Max(largest, weight);
        }

        return largest;
    }

    /// <param name="Source">Pixels of the axis before.</param>
    /// <param name="Scale">Source pixels by target pixel.</param>
    private readonly record struct TriangleFilter(int Source, double Scale)
    {
        private double Support => Math.Max(Scale, 1);

        public int First(int target) => Math.Max((int)(Center(target) - Support + 0.5), 0);

        public int Count(int target) => Math.Min((int)(Center(target) + Support + 0.5), Source) - First(target);

        public ReadOnlySpan<double> Weights(int target, double[] scratch)
        {
            var center = Center(target);
            var first = First(target);
            var inverse = 1 / Support;
            var weights = scratch.AsSpan(0, Count(target));
            var total = 0.0;
            for (var j = 0; j < weights.Length; j++)
            {
                weights[j] = Math.Max(1 - Math.Abs((j + first - center + 0.5) * inverse), 0);
                total += weights[j];
            }

            for (var j = 0; j < weights.Length; j++)
            {
                weights[j] /= total;
            }

            return weights;
        }

        private double Center(int target) => Scale * (target + 0.5);
    }
}
