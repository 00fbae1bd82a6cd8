namespace Pipeline.Bench;

/// <summary>The same quantity in every round.</summary>
internal sealed record Series(IReadOnlyList<double> Values)
{
    public double Lowest => Values.Min();

    public double Highest => Values.Max();

    public double Median
    {
        get
        {
            var sorted = Values.Order().ToArray();
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }

    /// <summary>Round by round: what slows a whole round slows both.</summary>
    public Series Over(Series limit) => new([.. Values.Zip(limit.Values, (value, most) => value / most)]);
}

/// <summary>The device's limits, bytes and operations a second.</summary>
/// <param name="Multiplication">Which multiplication.</param>
internal sealed record BenchLimits(string Multiplication, Series Reading, Series Copying, Series MultiplyAdds);

/// <summary>One workload's figures.</summary>
/// <param name="Rate">Tokens or tiles a second.</param>
/// <param name="Bytes">Bytes that a run must read; 0 where that is not what limits it.</param>
/// <param name="Operations">Operations of a run.</param>
/// <param name="OfReading">Bytes a second as a share of the reading limit; null without bytes or limits.</param>
/// <param name="OfMultiplyAdds">Operations a second as a share of that limit; null without limits.</param>
internal sealed record BenchFigure(
    string Kind, int Size, string SizeUnit, Series Rate, double Bytes, double Operations, Series? OfReading, Series? OfMultiplyAdds);

/// <param name="Device">The device in words.</param>
/// <param name="Processor">The host's processor.</param>
/// <param name="Model">The checkpoint's folder.</param>
/// <param name="Parameters">All parameters.</param>
/// <param name="WeightBytes">Its weights on the device.</param>
/// <param name="Limits">Null for a device that does not measure its own.</param>
internal sealed record BenchReport(
    string Device,
    string Processor,
    string Model,
    long Parameters,
    long WeightBytes,
    BenchPlan Plan,
    BenchLimits? Limits,
    IReadOnlyList<BenchFigure> Figures);
