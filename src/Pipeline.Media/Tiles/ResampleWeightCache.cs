namespace Pipeline.Media;

/// <summary>The weights of the last few sizes: the frames of a video ask for the same two again and again.
/// Safe for several threads.</summary>
internal sealed class ResampleWeightCache
{
    private const int MaxEntries = 8;

    // Beyond it the axis is so long that making the weights is small beside reading the picture.
    private const int MaxEntryWeights = 1 << 18;

    private readonly Lock _lock = new();
    private readonly List<ResampleWeights> _recent = new(MaxEntries);

    public ResampleWeights Get(int source, int target)
    {
        lock (_lock)
        {
            for (var i = 0; i < _recent.Count; i++)
            {
                if (_recent[i].Source == source && _recent[i].Target == target)
                {
                    var found = _recent[i];
                    _recent.RemoveAt(i);
                    _recent.Add(found);
                    return found;
                }
            }
        }

        var made = new ResampleWeights(source, target);
        if (made.Weights.Length <= MaxEntryWeights)
        {
            Keep(made);
        }

        return made;
    }

    private void Keep(ResampleWeights weights)
    {
        lock (_lock)
        {
            if (_recent.Count == MaxEntries)
            {
                _recent.RemoveAt(0);
            }

            _recent.Add(weights);
        }
    }
}
