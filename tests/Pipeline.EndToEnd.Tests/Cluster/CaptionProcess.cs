using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary><c>caption --join</c> as a process of its own, read line by line while it runs; killed when it is disposed.</summary>
internal sealed partial class CaptionProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Task _reading;
    private readonly List<string> _lines = [];

    private CaptionProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public int Id => _process.Id;

    /// <summary>The results so far, without the times that they took.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>The longest time between two results, the first not counted; they come in order, so one that takes long holds up others.</summary>
    public TimeSpan LongestPause { get; private set; }

    /// <summary>The longest that a layer of a step waited for its experts; once it has ended, and unless it was <c>--quiet</c>.</summary>
    public TimeSpan LongestWait { get; private set; }

    /// <param name="arguments">What follows <c>caption --format jsonl --logprobs</c>.</param>
    public static CaptionProcess Start(params string[] arguments) => StartOn([], arguments);

    /// <summary>The same on another host.</summary>
    /// <param name="host">What stands before a command that runs there.</param>
    /// <param name="arguments">What follows <c>caption --format jsonl --logprobs</c>.</param>
    public static CaptionProcess StartOn(string[] host, string[] arguments) => new(Process.Start(new ProcessStartInfo(
        "/usr/bin/env", [.. host, "dotnet", Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), "caption", "--format", "jsonl", "--logprobs", .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = SharedData.Root,
    })!);

    /// <summary>A result as JSON, without the times that it took.</summary>
    public static string WithoutTimes(string line) => Seconds().Replace(line, "");

    /// <summary>Waits until there are so many results, or all.</summary>
    public Task HasAsync(int results) => Eventually.IsTrue(() => Lines.Count >= results || _reading.IsCompleted, $"there are {results} results", seconds: 300);

    /// <summary>Waits for the rest.</summary>
    /// <returns>Exit code, and what was written to standard error beside the summary.</returns>
    public async Task<(int ExitCode, string Error)> EndAsync()
    {
        await _reading.WaitAsync(TimeSpan.FromMinutes(5));
        await _process.WaitForExitAsync();
        var error = await _error;
        if (Summary().Match(error) is { Success: true } summary)
        {
            LongestWait = TimeSpan.FromMilliseconds(summary.Groups["wait"].Success ? double.Parse(summary.Groups["wait"].Value, CultureInfo.InvariantCulture) : 0);
            error = error.Remove(summary.Index, summary.Length);
        }

        return (_process.ExitCode, error);
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        var last = 0L;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var now = Stopwatch.GetTimestamp();
            LongestPause = last > 0 && Stopwatch.GetElapsedTime(last, now) is var pause && pause > LongestPause ? pause : LongestPause;
            last = now;
            lock (_lines)
            {
                _lines.Add(WithoutTimes(line));
            }
        }
    }

    [GeneratedRegex("\"seconds\":[0-9.]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Seconds();

    [GeneratedRegex("(longest wait for experts: (?<wait>[0-9]+) ms\n)?[^\n]* captioned, [^\n]*\n$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Summary();
}
