using System.Diagnostics;

namespace Pipeline.Benchmarks;

/// <summary>Times by the median of several runs, which a disturbed machine moves least.</summary>
internal static class Median
{
    private const int Runs = 9;
    private const double ShortestRun = 0.02;
    private static float _sink;

    /// <summary>Seconds of one call.</summary>
    public static double Seconds(Func<float> call)
    {
        var calls = 1;
        while (Time(call, calls) < ShortestRun)
        {
            calls *= 2;
        }

        var times = new double[Runs];
        foreach (ref var time in times.AsSpan())
        {
            time = Time(call, calls) / calls;
        }

        Array.Sort(times);
        return times[Runs / 2];
    }

    private static double Time(Func<float> call, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++)
        {
            // A result that is kept cannot be optimised away.
            _sink += call();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
