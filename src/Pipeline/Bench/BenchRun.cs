using System.Diagnostics;
using Pipeline.Checkpoints;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Bench;

/// <summary>Measures a model on a device. Runs on one thread, the only one that calls the device.</summary>
internal static class BenchRun
{
    // A small model is in the caches but for its first steps, as measuring the limits empties them.
    private static readonly TimeSpan s_shortestSample = TimeSpan.FromSeconds(0.2);

    /// <param name="device">Where.</param>
    /// <param name="checkpoint">What.</param>
    /// <param name="plan">How.</param>
    /// <param name="progress">Told what is being measured.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PipelineException">The model does not fit.</exception>
    public static BenchReport Run(IDevice device, Checkpoint checkpoint, BenchPlan plan, Action<string> progress, CancellationToken cancellation)
    {
        RequireMemory(device, checkpoint, plan);
        progress("loading");
        var model = new Llama4Model(device, checkpoint);
        var cost = new ModelCost(model);
        var workloads = Workloads(model, cost, plan);
        foreach (var workload in workloads)
        {
            progress($"preparing {Name(workload)}");
            workload.Prepare(cancellation);
        }

        using var limits = (device as IMeasuredDevice)?.OpenLimits();
        var samples = workloads.Select(_ => new List<BenchSample>()).ToArray();
        MeasureLimits(limits); // the first makes its code
        for (var round = 1; round <= plan.Rounds; round++)
        {
            foreach (var (workload, taken) in workloads.Zip(samples))
            {
                cancellation.ThrowIfCancellationRequested();
                progress($"round {round} of {plan.Rounds}: {Name(workload)}");
                taken.Add(Measure(workload, limits, cancellation));
            }
        }

        return new BenchReport(
            device.Description,
            HostProcessor.Name,
            checkpoint.Directory,
            checkpoint.Summarize().Parameters,
            cost.WeightBytes,
            checkpoint.Quantization,
            plan,
            limits is null ? null : BenchLimits.Of(limits.Multiplication, [.. samples.SelectMany(taken => taken).Select(sample => sample.Limits!.Value)]),
            [.. workloads.Zip(samples, BenchFigure.Of)]);
    }

    /// <summary>Bytes of weights on the device, and of keys, values and scratch.</summary>
    public static long BytesNeeded(Checkpoint checkpoint, BenchPlan plan) => checkpoint.Summarize().Bytes + PassBytes(checkpoint, plan);

    private static string Name(Workload workload) => $"{workload.Kind}, {workload.Size} {workload.SizeUnit}";

    private static Workload[] Workloads(Llama4Model model, ModelCost cost, BenchPlan plan)
    {
        var text = new TextBench(model, cost, plan);
        return
        [
            .. plan.Prompts.Select(tokens => new PrefillWorkload(text, tokens)),
            .. plan.Sequences.Select(sequences => new DecodeWorkload(text, plan, sequences)),
            .. model.Vision is { } vision ? [new VisionWorkload(vision, cost, plan.Tiles)] : Array.Empty<Workload>(),
        ];
    }

    private static long PassBytes(Checkpoint checkpoint, BenchPlan plan)
    {
        var config = checkpoint.Config;
        var vision = config.Vision is null ? 0 : VisionPass.Bytes(config.Vision, config.Text.HiddenSize, plan.Tiles);
        return TextBench.Bytes(config.Text, plan) + vision;
    }

    private static void RequireMemory(IDevice device, Checkpoint checkpoint, BenchPlan plan)
    {
        var (needed, passes) = (BytesNeeded(checkpoint, plan), PassBytes(checkpoint, plan));
        if (device is IMeasuredDevice { MemoryBytes: var memory } && needed > memory)
        {
            throw new PipelineException(
                "bench.memory",
                $"{checkpoint.Directory}: needs {Gigabytes(needed)} ({Gigabytes(needed - passes)} of weights, {Gigabytes(passes)} of keys, values and scratch); {device.Description} has {Gigabytes(memory)}",
                "Measure fewer --sequences, shorter --prompts or a shorter --context, or a smaller model.");
        }
    }

    private static string Gigabytes(long bytes) => $"{bytes / 1e9:0.0} GB";

    // Limits are taken just before: what slows the machine for a while slows both.
    private static BenchSample Measure(Workload workload, IDeviceLimits? limits, CancellationToken cancellation)
    {
        var most = MeasureLimits(limits);
        var (started, runs) = (Stopwatch.GetTimestamp(), 0);
        do
        {
            workload.Run(cancellation);
            runs++;
        }
        while (Stopwatch.GetElapsedTime(started) < s_shortestSample);

        return new BenchSample(Stopwatch.GetElapsedTime(started).TotalSeconds / runs, most);
    }

    private static LimitSample? MeasureLimits(IDeviceLimits? limits) => limits is null
        ? null
        : new LimitSample(limits.MeasureReading(), limits.MeasureCopying(), limits.MeasureMultiplyAdds());
}
