using System.Diagnostics;

namespace Pipeline.Benchmarks.Products;

/// <summary>Times by the fastest of many short runs: what else runs on a machine only ever adds time, and misses some of them.</summary>
internal static class Fastest
{
    private const int Runs = 60;
    private const double ShortestRun = 0.003;
    private static float _sink;

    /// <summary>Seconds of one call.</summary>
    public static double Seconds(Func<float> call)
    {
        var calls = 1;
        while (Time(call, calls) < ShortestRun)
        {
            calls *= 2;
        }

        var fastest = double.PositiveInfinity;
        for (var run = 0; run < Runs; run++)
        {
            fastest = Math.Min(fastest, Time(call, calls) / calls);
        }

        return fastest;
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
