using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Pipeline.EndToEnd.Tests.Cluster;

/// <summary><c>caption --join</c> as a process of its own, read line by line while it runs; killed when it is disposed.</summary>
internal sealed partial class CaptionProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly List<string> _lines = [];
    private long _last = Stopwatch.GetTimestamp();

    private CaptionProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <summary>The results so far, without the times that they took.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>The longest time between two results, the first not counted.</summary>
    public TimeSpan LongestPause { get; private set; }

    /// <param name="arguments">What follows <c>caption --format jsonl --logprobs --quiet</c>.</param>
    public static CaptionProcess Start(params string[] arguments) => StartOn([], arguments);

    /// <summary>The same on another host.</summary>
    /// <param name="host">What stands before a command that runs there.</param>
    /// <param name="arguments">What follows <c>caption --format jsonl --logprobs --quiet</c>.</param>
    public static CaptionProcess StartOn(string[] host, string[] arguments) => new(Process.Start(new ProcessStartInfo(
        "/usr/bin/env", [.. host, "dotnet", Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), "caption", "--format", "jsonl", "--logprobs", "--quiet", .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = SharedData.Root,
    })!);

    /// <summary>Reads until there are so many results, or all.</summary>
    public async Task ReadAsync(int results = int.MaxValue)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (_lines.Count < results && await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (_lines.Count > 0 && Stopwatch.GetElapsedTime(_last) is var pause && pause > LongestPause)
            {
                LongestPause = pause;
            }

            _last = Stopwatch.GetTimestamp();
            _lines.Add(Seconds().Replace(line, ""));
        }
    }

    /// <summary>Reads the rest.</summary>
    /// <returns>Exit code and what was written to standard error.</returns>
    public async Task<(int ExitCode, string Error)> EndAsync()
    {
        await ReadAsync();
        await _process.WaitForExitAsync();
        return (_process.ExitCode, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    [GeneratedRegex("\"seconds\":[0-9.]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Seconds();
}
