using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>
/// Chooses a token from a row of logits on the host: logit bias, repetition, presence and frequency penalty, temperature,
/// top-k, top-p, min-p, typical-p, in this order, as transformers' logits processors have them. Random numbers are a
/// function of (seed, index of the token in the answer) alone. Not thread-safe: it reuses its arrays.
/// </summary>
public sealed class Sampler(int vocabularySize)
{
    private readonly float[] _scores = new float[vocabularySize];
    private readonly Candidates _candidates = new(vocabularySize);

    /// <summary>Chooses the next token of an answer.</summary>
    /// <param name="logits">[vocabulary], as the model gave them.</param>
    /// <param name="history">Tokens so far; its count is the index of the token that is chosen.</param>
    /// <param name="options">How to choose.</param>
    /// <returns>The token with its log-probability in the raw distribution; not finite, and no token, if a logit is not.</returns>
    public TokenChoice Sample(ReadOnlySpan<float> logits, TokenHistory history, SamplingOptions options)
    {
        if (LogSumExp(logits) is not { } logSum)
        {
            return new TokenChoice(Token: -1, float.NaN, Finite: false);
        }

        Penalize(logits, history, options);
        int token;
        if (options.TakesBest)
        {
            token = Best(_scores);
        }
        else
        {
            Filter(options);
            token = _candidates.Draw(Philox.Uniform(options.Seed, history.Count));
        }

        return new TokenChoice(token, (float)(logits[token] - logSum), Finite: true);
    }

    /// <summary>The distribution that a token is drawn from: [vocabulary].</summary>
    internal float[] Distribution(ReadOnlySpan<float> logits, TokenHistory history, SamplingOptions options)
    {
        Penalize(logits, history, options);
        Filter(options);
        _candidates.Normalize();
        var distribution = new float[vocabularySize];
        for (var i = 0; i < _candidates.Count; i++)
        {
            distribution[_candidates.Ids[i]] = (float)_candidates.Probabilities[i];
        }

        return distribution;
    }

    private void Penalize(ReadOnlySpan<float> logits, TokenHistory history, SamplingOptions options)
    {
        logits.CopyTo(_scores);
        if (options.LogitBias.Count > 0)
        {
            foreach (var (id, bias) in options.LogitBias)
            {
                _scores[id] += (float)bias;
            }
        }

        if (options.RepetitionPenalty != 1)
        {
            var penalty = (float)options.RepetitionPenalty;
            foreach (var id in history.Seen)
            {
                _scores[id] = _scores[id] < 0 ? _scores[id] * penalty : _scores[id] / penalty;
            }
        }

        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
        {
            foreach (var (id, times) in history.Answered)
            {
                _scores[id] -= (float)(options.PresencePenalty + (options.FrequencyPenalty * times));
            }
        }

        if (history.Count < options.MinTokens)
        {
            for (var i = 0; i < options.StopIds.Count; i++)
            {
                // A configured stop beyond the vocabulary can't be chosen anyway.
                if ((uint)options.StopIds[i] < (uint)vocabularySize)
                {
                    _scores[options.StopIds[i]] = float.NegativeInfinity;
                }
            }
        }
    }

    private void Filter(SamplingOptions options)
    {
        // Relative to the best, so that no temperature, however low, yields infinity minus infinity.
        var (temperature, best) = ((float)options.Temperature, _scores[Best(_scores)]);
        foreach (ref var score in _scores.AsSpan())
        {
            score = (score - best) / temperature;
        }

        _candidates.Fill(_scores);
        if (options.TopK > 0)
        {
            _candidates.KeepTop(options.TopK);
        }

        if (options.TopP < 1)
        {
            _candidates.KeepNucleus(options.TopP);
        }

        if (options.MinP > 0)
        {
            _candidates.KeepMin(options.MinP);
        }

        if (options.TypicalP < 1)
        {
            _candidates.KeepTypical(options.TypicalP);
        }
    }

    private static int Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var id = 1; id < scores.Length; id++)
        {
            best = scores[id] > scores[best] ? id : best;
        }

        return best;
    }

    private static double? LogSumExp(ReadOnlySpan<float> logits)
    {
        var best = float.NegativeInfinity;
        foreach (var logit in logits)
        {
            if (!float.IsFinite(logit))
            {
                return null;
            }

            best = Math.Max(best, logit);
        }

        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp((double)logit - best);
        }

        return best + Math.Log(sum);
    }
}
