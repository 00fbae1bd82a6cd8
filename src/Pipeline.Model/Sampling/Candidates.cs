namespace Pipeline.Model;

/// <summary>
/// Tokens that may still be chosen, with their scores, in ascending order of id. The filters are those of transformers'
/// logits processors: probabilities are taken anew over what an earlier filter has left. Arrays are made once.
/// </summary>
internal sealed class Candidates(int vocabularySize)
{
    private readonly int[] _ids = new int[vocabularySize];
    private readonly float[] _scores = new float[vocabularySize];
    private readonly double[] _probabilities = new double[vocabularySize];
    private readonly ulong[] _order = new ulong[vocabularySize];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Probability of each candidate; current after <see cref="Normalize"/>.</summary>
    public ReadOnlySpan<double> Probabilities => _probabilities.AsSpan(0, Count);

    /// <summary>Takes all tokens whose score is not minus infinity.</summary>
    public void Fill(ReadOnlySpan<float> scores)
    {
        Count = 0;
        for (var id = 0; id < scores.Length; id++)
        {
            if (!float.IsNegativeInfinity(scores[id]))
            {
                _ids[Count] = id;
                _scores[Count++] = scores[id];
            }
        }
    }

    /// <summary>Softmax over the candidates, summed in double.</summary>
    public void Normalize()
    {
        var best = float.NegativeInfinity;
        foreach (var score in _scores.AsSpan(0, Count))
        {
            best = Math.Max(best, score);
        }

        var sum = 0.0;
        for (var i = 0; i < Count; i++)
        {
            _probabilities[i] = Math.Exp((double)_scores[i] - best);
            sum += _probabilities[i];
        }

        for (var i = 0; i < Count; i++)
        {
            _probabilities[i] /= sum;
        }
    }

    public void KeepTop(int k)
    {
        if (k >= Count)
        {
            return;
        }

        var scores = _order.AsSpan(0, Count);
        for (var i = 0; i < Count; i++)
        {
            scores[i] = Ascending(_scores[i]);
        }

        var least = QuickSelect.Nth(scores, Count - k);
        Keep(i => Ascending(_scores[i]) >= least);
    }

    public void KeepNucleus(double mass)
    {
        Normalize();

        // All tokens below this together have less than 1 - mass: they need not be sorted.
        var negligible = (1 - mass) / Count;
        var (below, sorted) = (0.0, 0);
        for (var i = 0; i < Count; i++)
        {
            if (_probabilities[i] < negligible)
            {
                below += _probabilities[i];
            }
            else
            {
                // Of equal scores the lower id is the better one, here as everywhere.
                _order[sorted++] = (Ascending(_scores[i]) << 32) | (uint)~i;
            }
        }

        var order = _order.AsSpan(0, sorted);
        order.Sort();
        var first = 0;
        while (first < sorted - 1 && (below += _probabilities[~(uint)order[first]]) <= 1 - mass)
        {
            first++;
        }

        var least = order[first];
        Keep(i => ((Ascending(_scores[i]) << 32) | (uint)~i) >= least);
    }

    public void KeepMin(double share)
    {
        Normalize();
        var best = 0.0;
        foreach (var probability in Probabilities)
        {
            best = Math.Max(best, probability);
        }

        Keep(i => _probabilities[i] >= share * best);
    }

    public void KeepTypical(double mass)
    {
        Normalize();
        var entropy = 0.0;
        foreach (var probability in Probabilities)
        {
            entropy -= probability > 0 ? probability * Math.Log(probability) : 0;
        }

        for (var i = 0; i < Count; i++)
        {
            _order[i] = (Ascending(Surprise(i)) << 32) | (uint)i;
        }

        var order = _order.AsSpan(0, Count);
        order.Sort();
        var (last, sum) = (0, 0.0);
        while (last < Count - 1 && (sum += _probabilities[(uint)order[last]]) < mass)
        {
            last++;
        }

        var most = order[last] >> 32;
        Keep(i => Ascending(Surprise(i)) <= most);

        // How far a token's information lies from the expected one.
        float Surprise(int i) => (float)Math.Abs(-Math.Log(_probabilities[i]) - entropy);
    }

    /// <summary>The candidate in whose share of [0, 1) the number falls.</summary>
    public int Draw(double uniform)
    {
        Normalize();
        var (sum, i) = (0.0, 0);
        while (i < Count - 1 && (sum += _probabilities[i]) <= uniform)
        {
            i++;
        }

        return _ids[i];
    }

    // Bits that order like the numbers do.
    private static ulong Ascending(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }

    private void Keep(Func<int, bool> stays)
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (stays(i))
            {
                (_ids[kept], _scores[kept], _probabilities[kept]) = (_ids[i], _scores[i], _probabilities[i]);
                kept++;
            }
        }

        Count = kept;
    }
}
