using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>
/// Attention of four queries over blocks of keys in ascending order, with an online softmax (Milakov and Gimelshein,
/// arXiv 1805.02867). Keys lie as [head size, tokens], values as [tokens, head size], so that both products are outer ones.
/// </summary>
/// <param name="scratch"><see cref="ScratchSize"/> floats, which hold the softmax between blocks.</param>
/// <param name="headSize">Elements of a head.</param>
/// <param name="blockTokens">Most keys of a block.</param>
internal readonly unsafe ref struct AttentionKernel<V>(float* scratch, int headSize, int blockTokens)
    where V : unmanaged, ILanes<V>
{
    public const int Queries = OuterKernel.Rows;

    private readonly int _sumStride = Blocks(headSize);
    private readonly int _scoreStride = Blocks(blockTokens);
    private readonly float* _maxima = scratch;
    private readonly float* _totals = scratch + Queries;
    private readonly float* _scores = scratch + Padding.Lanes;

    private float* Sums => _scores + (Queries * _scoreStride);

    /// <summary>Floats of scratch.</summary>
    public static long ScratchSize(int headSize, int blockTokens) =>
        Padding.Lanes + ((long)Queries * (Blocks(headSize) + Blocks(blockTokens)));

    /// <summary>Starts the softmax anew.</summary>
    public void Start()
    {
        new Span<float>(_maxima, Queries).Fill(float.NegativeInfinity);
        new Span<float>(_totals, Queries).Clear();
        new Span<float>(Sums, Queries * _sumStride).Clear();
    }

    /// <summary>Merges a block of keys and values.</summary>
    /// <param name="queries">The four queries; absent ones repeat a present one.</param>
    /// <param name="keys">[head size, tokens]; what lies beyond the tokens is read and ignored.</param>
    /// <param name="keyStride">Floats from element to element of the keys.</param>
    /// <param name="values">[tokens, head size]; what lies beyond the head is read and ignored.</param>
    /// <param name="valueStride">Floats from token to token of the values.</param>
    /// <param name="tokens">Keys of the block.</param>
    /// <param name="softmaxScale">Factor on each score.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Merge(in Rows4 queries, float* keys, nint keyStride, float* values, nint valueStride, int tokens, float softmaxScale)
    {
        for (var t = 0; t < tokens; t += OuterKernel.Outputs<V>())
        {
            OuterKernel.Run<V, NearNumber>(
                queries, (byte*)(keys + t), keyStride * sizeof(float), headSize, first: true, _scores + t, _scoreStride);
        }

        for (var q = 0; q < Queries; q++)
        {
            Weigh(_scores + (q * _scoreStride), tokens, softmaxScale, ref _maxima[q], ref _totals[q], Sums + (q * _sumStride));
        }

        for (var i = 0; i < headSize; i += OuterKernel.Outputs<V>())
        {
            OuterKernel.Run<V, NearNumber>(
                Rows4.From(_scores, _scoreStride, Queries), (byte*)(values + i), valueStride * sizeof(float), tokens, first: false, Sums + i, _sumStride);
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
        var largest = V.Create(maximum);
        for (var t = 0; t < tokens; t += V.Count)
        {
            var score = Partial.Keep(V.Load(scores + t) * V.Create(softmaxScale), tokens - t, float.NegativeInfinity);
            V.Store(score, scores + t);
            largest = V.Max(largest, score);
        }

        var newMaximum = V.Create(V.Largest(largest));
        var sum = V.Create(0f);
        for (var t = 0; t < tokens; t += V.Count)
        {
            var weight = VectorMath.Exp(V.Load(scores + t) - newMaximum);
            V.Store(weight, scores + t);
            sum += Partial.Keep(weight, tokens - t);
        }

        // Nothing was summed before the first block: its correction, e^-infinity, meets only zeros.
        var correction = VectorMath.Exp(V.Create(maximum) - newMaximum);
        for (var i = 0; i < headSize; i += V.Count)
        {
            V.Store(V.Load(sums + i) * correction, sums + i);
        }

        total = (total * V.First(correction)) + V.Sum(sum);
        maximum = V.First(newMaximum);
    }

    private static int Blocks(int count) => (count + OuterKernel.Outputs<V>() - 1) / OuterKernel.Outputs<V>() * OuterKernel.Outputs<V>();
}
