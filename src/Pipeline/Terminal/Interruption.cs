using System.Diagnostics;
using System.Runtime.InteropServices;
using Pipeline.Commands;

namespace Pipeline.Terminal;

/// <summary>
/// Ctrl-C and requests to end. The first cancels the run, which then has a while to end by itself; after
/// that, or on the second, the process ends with its children.
/// </summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>What most runs need: media processes are killed, results written out.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(700);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration[] _signals;
    private readonly Timer _deadline;
    private TimeSpan _grace = s_grace;
    private int _count;

    public Interruption()
    {
        _deadline = new Timer(_ => End());
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
            .Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];
    }

    public CancellationToken Token => _cancellation.Token;

    /// <summary>Lets the run take so long to end by itself.</summary>
    public void AllowToEnd(TimeSpan grace) => _grace = grace;

    public void Dispose()
    {
        Array.ForEach(_signals, signal => signal.Dispose());
        _deadline.Dispose();
        if (_count > 0)
        {
            KillChildren();
        }

        _cancellation.Dispose();
    }

    private static void End()
    {
        KillChildren();
        Environment.Exit(ExitCode.Interrupted);
    }

    /// <summary>
    /// Kills what is left, one that was stopped on its way to be killed among them. Linux lists a process's children by thread;
    /// elsewhere they end when their pipes close.
    /// </summary>
    private static void KillChildren()
    {
        var tasks = $"/proc/{Environment.ProcessId}/task";
        foreach (var task in Directory.Exists(tasks) ? Directory.GetDirectories(tasks) : [])
        {
            try
            {
                foreach (var id in File.ReadAllText(Path.Join(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    using var child = Process.GetProcessById(int.Parse(id, null));
                    child.Kill();
                }
            }
            catch (Exception exception) when (exception is IOException or ArgumentException or InvalidOperationException)
            {
                // The thread or the child has just ended by itself.
            }
        }
    }

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (Interlocked.Increment(ref _count) > 1)
        {
            End();
        }

        _deadline.Change(_grace, Timeout.InfiniteTimeSpan);
        _cancellation.Cancel();
    }
}
