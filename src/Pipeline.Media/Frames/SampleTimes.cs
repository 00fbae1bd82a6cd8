namespace Pipeline.Media;

/// <summary>
/// Which frames are taken: target times lie evenly from the first to the last frame, both included, and each takes the frame
/// nearest in presentation time, the earlier of two at equal distance.
/// </summary>
internal static class SampleTimes
{
    /// <summary>The chosen one of <paramref name="times"/> (ascending) for each of <paramref name="count"/> targets.</summary>
    public static long[] Choose(ReadOnlySpan<long> times, int count)
    {
        var chosen = new long[count];
        for (var target = 0; target < count; target++)
        {
            chosen[target] = Nearest(times, Target(times[0], times[^1], target, count));
        }

        return chosen;
    }

    /// <summary>Target number <paramref name="index"/>; a single one is the first frame.</summary>
    public static SampleTarget Target(long first, long last, int index, int count)
    {
        var steps = Math.Max(count - 1, 1);
        return new SampleTarget(((Int128)first * steps) + ((Int128)(last - first) * index), steps);
    }

    /// <summary>The one of <paramref name="times"/> (ascending) that is nearest to <paramref name="target"/>.</summary>
    public static long Nearest(ReadOnlySpan<long> times, SampleTarget target)
    {
        // The first one that is not before the target, by bisection; then it or the one before.
        var (low, high) = (0, times.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = target.Offset(times[middle]) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low == times.Length ? times[^1]
            : low == 0 ? times[0]
            : -target.Offset(times[low - 1]) <= target.Offset(times[low]) ? times[low - 1]
            : times[low];
    }
}

/// <summary>A time between ticks: <paramref name="Numerator"/> / <paramref name="Steps"/> ticks, exact.</summary>
internal readonly record struct SampleTarget(Int128 Numerator, int Steps)
{
    /// <summary>How far <paramref name="time"/> lies behind the target, in 1/<see cref="Steps"/> ticks.</summary>
    public Int128 Offset(long time) => ((Int128)time * Steps) - Numerator;

    public double Ticks => (double)Numerator / Steps;
}
