using System.Diagnostics;
using System.Globalization;
using Pipeline.Commands;
using Pipeline.Engine;
using Pipeline.Jobs;
using Pipeline.Jobs.Sinks;
using Pipeline.Jobs.Sources;
using Pipeline.Kernels;
using Pipeline.Logging;
using Pipeline.Terminal;

namespace Pipeline.Composition;

/// <summary>What a command asks for.</summary>
/// <param name="Paths">What to caption, as spelled; null for one turn of text alone.</param>
/// <param name="Quiet">No progress and no summary.</param>
internal sealed record RunPlan(Settings Settings, CaptionRequest Request, IReadOnlyList<string>? Paths, ResultTarget Target, bool Quiet);

/// <summary>Puts sources, engine, job and sink together, runs them, and tells how it went.</summary>
internal static class CaptionRun
{
    /// <returns>The exit code.</returns>
    /// <exception cref="PipelineException">The run could not start.</exception>
    public static async Task<int> RunAsync(RunPlan plan, Surroundings surroundings)
    {
        var options = plan.Settings.Options;
        if (plan.Target.IsDone)
        {
            surroundings.Error.WriteNote($"{plan.Target.Output} is there already");
            return ExitCode.Done;
        }

        using var log = LogSetup.Open(options.Log);
        var streams = plan.Paths is null || (plan.Paths is [var only] && File.Exists(Path.GetFullPath(only, surroundings.WorkingFolder)));
        return await RunScreen.ShowAsync(
            surroundings,
            drawBar: !plan.Quiet && !streams,
            cancellation => Source(plan, surroundings).TakeWhile(_ => !cancellation.IsCancellationRequested).Count(),
            screen => RunAsync(plan, streams, screen, surroundings));
    }

    private static async Task<int> RunAsync(RunPlan plan, bool single, RunScreen screen, Surroundings surroundings)
    {
        var started = Stopwatch.GetTimestamp();
        await using var sink = new ReportingSink(
            OpenTarget(plan, single, screen), screen.Error, ResultFormat.Of(plan.Target.Format, single).NeedsSpan, screen.Advance);
        var source = plan.Paths is null ? null : Source(plan, surroundings);
        IEnumerable<CaptionInput> inputs = source is null ? [new CaptionInput(0, "", null, "text")] : source;
        var summarizes = source is not null && !plan.Quiet && !single;
        var ended = await ExecuteAsync(plan, inputs, sink, summarizes, screen, surroundings.Interrupted);
        if (sink.Unfinished is { } unfinished)
        {
            screen.Error.WriteNote($"the {sink.Captioned} finished results are in {unfinished}");
        }

        if (summarizes && (ended == ExitCode.Done || sink.Captioned + sink.Failed > 0))
        {
            screen.Error.WriteNote(Summary(sink, source!, Stopwatch.GetElapsedTime(started)));
        }

        return ended != ExitCode.Done ? ended : sink.Failed > 0 ? ExitCode.SomeFailed : ExitCode.Done;
    }

    private static async Task<int> ExecuteAsync(
        RunPlan plan, IEnumerable<CaptionInput> inputs, IResultSink sink, bool summarizes, RunScreen screen, CancellationToken interrupted)
    {
        var options = plan.Settings.Options;
        using var team = new CpuTeam(options.Device.Threads);
        await using var host = await EngineHost
            .StartAsync(plan.Settings, team, plan.Paths is not null, screen.Error.WriteNote, interrupted)
            .WaitAsync(interrupted);
        var progress = new JobProgress(inputs, options.Jobs, options.Output.ResultsWaiting, plan.Target.FailFast, TimeProvider.System);
        try
        {
            await CaptionJob.RunAsync(host.Engine, plan.Request, progress, options.Jobs, sink, TimeProvider.System, interrupted);
            if (summarizes && host.Member?.Client is { } experts)
            {
                screen.Error.WriteNote(string.Create(CultureInfo.InvariantCulture, $"longest wait for experts: {experts.Meters.LongestWait.TotalMilliseconds:0} ms"));
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            screen.Error.WriteNote("interrupted");
            return ExitCode.Interrupted;
        }
        catch (PipelineException failed)
        {
            var failure = host.Member?.Removal ?? failed;
            screen.Error.WriteError(failure);
            return failure switch
            {
                DeviceLostException => ExitCode.CouldNotStart,
                { Kind: FailureKind.Input } => ExitCode.Usage, // what the user asked of this model cannot be done
                { Kind: FailureKind.Outside } => ExitCode.SomeFailed,
                _ => ExitCode.CouldNotStart,
            };
        }
    }

    private static FileSource Source(RunPlan plan, Surroundings surroundings) =>
        new(plan.Paths!, surroundings.WorkingFolder, plan.Target.Folder());

    private static IResultSink OpenTarget(RunPlan plan, bool single, RunScreen screen)
    {
        try
        {
            return plan.Target.Open(single, screen.Output);
        }
        catch (PipelineException failure)
        {
            throw new UsageException(failure.Message, failure.Hint);
        }
    }

    private static string Summary(ReportingSink sink, FileSource source, TimeSpan elapsed)
    {
        var parts = new List<string> { $"{sink.Captioned} captioned" };
        AddIfAny(sink.Failed, "failed");
        AddIfAny(source.AlreadyDone, "already done");
        if (source.Skipped > 0)
        {
            parts.Add($"{FileSource.OtherFiles(source.Skipped)} skipped");
        }

        return $"{string.Join(", ", parts)}, {elapsed.TotalSeconds:0.0} s";

        void AddIfAny(int count, string what)
        {
            if (count > 0)
            {
                parts.Add($"{count} {what}");
            }
        }
    }
}
