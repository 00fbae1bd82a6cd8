using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>
/// Attention of four queries over blocks of keys in ascending order, with an online softmax (Milakov and Gimelshein,
/// arXiv 1805.02867). Absent queries repeat a present one.
/// </summary>
/// <param name="scratch"><see cref="ScratchSize"/> floats.</param>
/// <param name="headSize">Elements of a head.</param>
/// <param name="blockTokens">Most keys of a block.</param>
internal readonly unsafe ref struct AttentionKernel<V>(float* scratch, int headSize, int blockTokens)
    where V : unmanaged, ILanes<V>
{
    private const int Queries = DotKernel.Rows;

    private readonly int _headStride = Padding.Head(headSize);
    private readonly int _sumStride = SumStride(headSize);
    private readonly int _scoreStride = Padding.Head(blockTokens);
    private readonly float* _maxima = scratch;
    private readonly float* _totals = scratch + Queries;
    private readonly float* _queries = scratch + Padding.Lanes;

    private float* Scores => _queries + (Queries * _headStride);

    private float* Sums => Scores + (Queries * _scoreStride);

    /// <summary>Floats of scratch.</summary>
    public static long ScratchSize(int headSize, int blockTokens) =>
        Padding.Lanes + ((long)Queries * (Padding.Head(headSize) + Padding.Head(blockTokens) + SumStride(headSize)));

    /// <summary>Takes one to four queries, <paramref name="stride"/> floats apart, and starts their softmax anew.</summary>
    public void Start(float* queries, int count, int stride)
    {
        for (var q = 0; q < Queries; q++)
        {
            var query = new Span<float>(_queries + (q * _headStride), _headStride);
            new Span<float>(queries + (Math.Min(q, count - 1) * stride), headSize).CopyTo(query);
            query[headSize..].Clear();
        }

        new Span<float>(_maxima, Queries).Fill(float.NegativeInfinity);
        new Span<float>(_totals, Queries).Clear();
        new Span<float>(Sums, Queries * _sumStride).Clear();
    }

    /// <summary>Merges a block of keys and values, whose tokens lie <paramref name="stride"/> floats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Merge(float* keys, float* values, nint stride, int tokens, float softmaxScale)
    {
        var queries = Rows(_queries, _headStride);
        for (var t = 0; t < tokens; t += DotKernel.Outputs)
        {
            DotKernel.Run<V, NearNumber>(
                queries,
                (byte*)(keys + (t * stride)),
                stride * sizeof(float),
                _headStride,
                carry: null,
                first: true,
                last: true,
                Scores + t,
                _scoreStride);
        }

        for (var q = 0; q < Queries; q++)
        {
            Weigh(Scores + (q * _scoreStride), tokens, softmaxScale, ref _maxima[q], ref _totals[q], Sums + (q * _sumStride));
        }

        for (var i = 0; i < headSize; i += OuterKernel.Outputs<V>())
        {
            OuterKernel.Run<V, NearNumber>(
                Rows(Scores, _scoreStride), (byte*)(values + i), stride * sizeof(float), tokens, first: false, Sums + i, _sumStride);
        }
    }

    /// <summary>Writes the attention of one query.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store(int index, float* output)
    {
        var sums = Sums + (index * _sumStride);
        var total = V.Create(_totals[index]);
        for (var i = 0; i < headSize; i += V.Count)
        {
            Partial.StoreUpTo(V.Load(sums + i) / total, output + i, headSize - i);
        }
    }

    /// <summary>Turns scores into weights relative to the largest score so far, and what was summed before with them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Weigh(float* scores, int tokens, float softmaxScale, ref float maximum, ref float total, float* sums)
    {
        for (var t = tokens; t < _scoreStride; t++)
        {
            scores[t] = float.NegativeInfinity;
        }

        var largest = V.Create(maximum);
        for (var t = 0; t < tokens; t += V.Count)
        {
            var score = V.Load(scores + t) * V.Create(softmaxScale);
            V.Store(score, scores + t);
            largest = V.Max(largest, score);
        }

        var newMaximum = V.Largest(largest);
        var sum = V.Create(0f);
        for (var t = 0; t < tokens; t += V.Count)
        {
            var weight = VectorMath.Exp(V.Load(scores + t) - V.Create(newMaximum));
            V.Store(weight, scores + t);
            sum += tokens - t < V.Count ? Partial.Keep(weight, tokens - t) : weight;
        }

        // Nothing was summed before the first block: its correction, e^-infinity, meets only zeros.
        var correction = VectorMath.Exp(V.Create(maximum) - V.Create(newMaximum));
        for (var i = 0; i < headSize; i += V.Count)
        {
            V.Store(V.Load(sums + i) * correction, sums + i);
        }

        total = (total * V.Largest(correction)) + V.Sum(sum);
        maximum = newMaximum;
    }

    private static Rows4 Rows(float* first, int stride) => new(first, first + stride, first + (2 * stride), first + (3 * stride));

    private static int SumStride(int headSize) =>
        (headSize + OuterKernel.Outputs<V>() - 1) / OuterKernel.Outputs<V>() * OuterKernel.Outputs<V>();
}
