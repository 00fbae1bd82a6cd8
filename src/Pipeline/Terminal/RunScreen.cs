using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Pipeline.Terminal;

/// <summary>What a run writes to: results, messages and, on a terminal, a bar of its progress below them.</summary>
internal abstract class RunScreen
{
    public abstract Stream Output { get; }

    public abstract TextWriter Error { get; }

    /// <summary>One more input has its result.</summary>
    public abstract void Advance();

    /// <param name="surroundings">The process's streams.</param>
    /// <param name="drawBar">Whether to draw progress, where there is a terminal for it.</param>
    /// <param name="countInputs">Counts the run's inputs, in the background.</param>
    /// <param name="run">The run.</param>
    public static async Task<T> ShowAsync<T>(
        Surroundings surroundings, bool drawBar, Func<CancellationToken, int> countInputs, Func<RunScreen, Task<T>> run)
    {
        if (!drawBar || !surroundings.IsTerminal)
        {
            return await run(new PlainScreen(surroundings));
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(surroundings.Error) });
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(surroundings.Interrupted);
        return await console.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn(), new TaskDescriptionColumn(), new ElapsedTimeColumn())
            .StartAsync(async progress =>
            {
                var task = progress.AddTask("0 files");
                task.IsIndeterminate = true;
                var counting = Task.Run(() => countInputs(ended.Token), ended.Token);
                try
                {
                    return await run(new BarScreen(surroundings, console, task, counting));
                }
                finally
                {
                    await ended.CancelAsync();
                }
            });
    }

    private sealed class PlainScreen(Surroundings surroundings) : RunScreen
    {
        public override Stream Output => surroundings.Output;

        public override TextWriter Error => surroundings.Error;

        public override void Advance()
        {
        }
    }

    /// <summary>All that shares the terminal with the bar goes through its console, which draws it above.</summary>
    private sealed class BarScreen(Surroundings surroundings, IAnsiConsole console, ProgressTask task, Task<int> counting) : RunScreen
    {
        public override Stream Output { get; } =
            surroundings.OutputIsTerminal ? new ConsoleStream(console) : surroundings.Output;

        public override TextWriter Error { get; } =
            new StreamWriter(new ConsoleStream(console), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

        public override void Advance()
        {
            task.Increment(1);
            task.Description = counting.IsCompletedSuccessfully ? $"{task.Value} of {counting.Result} files" : $"{task.Value} files";
            if (counting.IsCompletedSuccessfully && task.IsIndeterminate)
            {
                task.MaxValue = Math.Max(counting.Result, 1);
                task.IsIndeterminate = false;
            }
        }
    }

    /// <summary>Whole lines, as they are, above what the console keeps below.</summary>
    private sealed class ConsoleStream(IAnsiConsole console) : MemoryStream
    {
        public override void Flush()
        {
            if (Length > 0)
            {
                console.Write(new Lines(Encoding.UTF8.GetString(GetBuffer(), 0, (int)Length)));
                SetLength(0);
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flush();
            return Task.CompletedTask;
        }
    }

    private sealed class Lines(string text) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            text.TrimEnd('\n').Split('\n').SelectMany(line => new[] { new Segment(line), Segment.LineBreak });
    }
}
