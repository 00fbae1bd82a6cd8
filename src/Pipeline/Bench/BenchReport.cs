using Pipeline.Kernels;

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
}

/// <summary>The device's limits at one moment, bytes and operations a second.</summary>
internal readonly record struct LimitSample(double Reading, double Copying, double MultiplyAdds);

/// <summary>One run of a workload and the limits just before it; null where the device measures none.</summary>
internal readonly record struct BenchSample(double Seconds, LimitSample? Limits);

/// <summary>The device's limits over all rounds, bytes and operations a second.</summary>
/// <param name="Multiplication">Which multiplication.</param>
internal sealed record BenchLimits(string Multiplication, Series Reading, Series Copying, Series MultiplyAdds)
{
    public static BenchLimits Of(string multiplication, IReadOnlyList<LimitSample> samples) => new(
        multiplication,
        new Series([.. samples.Select(sample => sample.Reading)]),
        new Series([.. samples.Select(sample => sample.Copying)]),
        new Series([.. samples.Select(sample => sample.MultiplyAdds)]));
}

/// <summary>One workload's figures.</summary>
/// <param name="Rate">Tokens or tiles a second.</param>
/// <param name="Bytes">Bytes that a run must read; 0 where that is not what limits it.</param>
/// <param name="Operations">Operations of a run.</param>
/// <param name="OfReading">Bytes a second as a share of the reading limit, sample by sample; null without bytes or limits.</param>
/// <param name="OfMultiplyAdds">Operations a second as a share of that limit; null without limits.</param>
internal sealed record BenchFigure(
    string Kind, int Size, string SizeUnit, Series Rate, double Bytes, double Operations, Series? OfReading, Series? OfMultiplyAdds)
{
    public static BenchFigure Of(Workload workload, IReadOnlyList<BenchSample> samples) => new(
        workload.Kind,
        workload.Size,
        workload.SizeUnit,
        new Series([.. samples.Select(sample => workload.Yield / sample.Seconds)]),
        workload.Bytes,
        workload.Operations,
        workload.Bytes == 0 ? null : Share(samples, workload.Bytes, limits => limits.Reading),
        Share(samples, workload.Operations, limits => limits.MultiplyAdds));

    private static Series? Share(IReadOnlyList<BenchSample> samples, double amount, Func<LimitSample, double> limit) =>
        samples.All(sample => sample.Limits is not null)
            ? new Series([.. samples.Select(sample => amount / sample.Seconds / limit(sample.Limits!.Value))])
            : null;
}

/// <param name="Device">The device in words.</param>
/// <param name="Processor">The host's processor.</param>
/// <param name="Model">The checkpoint's folder.</param>
/// <param name="Parameters">All parameters.</param>
/// <param name="WeightBytes">Its weights on the device.</param>
/// <param name="Quantization">How its products hold theirs.</param>
/// <param name="Limits">Null for a device that does not measure its own.</param>
internal sealed record BenchReport(
    string Device,
    string Processor,
    string Model,
    long Parameters,
    long WeightBytes,
    Quantization Quantization,
    BenchPlan Plan,
    BenchLimits? Limits,
    IReadOnlyList<BenchFigure> Figures);
