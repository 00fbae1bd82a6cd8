using System.Diagnostics;
using Pipeline.Checkpoints;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Bench;

/// <summary>Measures a model on a device. Runs on one thread, the only one that calls the device.</summary>
internal static class BenchRun
{
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
        var (reading, copying, multiplying) = (new List<double>(), new List<double>(), new List<double>());
        var rates = workloads.Select(_ => new List<double>()).ToArray();
        Measure(limits, [], [], [], cancellation); // the first is a warm-up
        for (var round = 1; round <= plan.Rounds; round++)
        {
            progress($"round {round} of {plan.Rounds}: limits");
            Measure(limits, reading, copying, multiplying, cancellation);
            foreach (var (workload, rate) in workloads.Zip(rates))
            {
                progress($"round {round} of {plan.Rounds}: {Name(workload)}");
                var started = Stopwatch.GetTimestamp();
                workload.Run(cancellation);
                rate.Add(workload.Yield / Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        }

        var measured = limits is null ? null : new BenchLimits(limits.Multiplication, new(reading), new(copying), new(multiplying));
        return new BenchReport(
            device.Description,
            HostProcessor.Name,
            checkpoint.Directory,
            checkpoint.Summarize().Parameters,
            cost.WeightBytes,
            plan,
            measured,
            [.. workloads.Zip(rates, (workload, rate) => Figure(workload, new Series(rate), measured))]);
    }

    /// <summary>Bytes of weights, as they are stored, and of keys, values and scratch.</summary>
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

    private static void Measure(
        IDeviceLimits? limits, List<double> reading, List<double> copying, List<double> multiplying, CancellationToken cancellation)
    {
        if (limits is not null)
        {
            cancellation.ThrowIfCancellationRequested();
            reading.Add(limits.MeasureReading());
            copying.Add(limits.MeasureCopying());
            multiplying.Add(limits.MeasureMultiplyAdds());
        }
    }

    private static BenchFigure Figure(Workload workload, Series rate, BenchLimits? limits)
    {
        Series Scaled(double amount) => new([.. rate.Values.Select(value => value / workload.Yield * amount)]);

        return new BenchFigure(
            workload.Kind,
            workload.Size,
            workload.SizeUnit,
            rate,
            workload.Bytes,
            workload.Operations,
            limits is null || workload.Bytes == 0 ? null : Scaled(workload.Bytes).Over(limits.Reading),
            limits is null ? null : Scaled(workload.Operations).Over(limits.MultiplyAdds));
    }
}
