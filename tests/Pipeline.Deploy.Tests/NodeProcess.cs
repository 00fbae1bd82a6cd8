using System.Diagnostics;
using System.Net;

namespace Pipeline.Deploy.Tests;

/// <summary>A node as a process of its own, reached as a platform reaches it: by HTTP and by signals.</summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly HttpClient _client;

    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Added to this process's own.</param>
    /// <param name="http">Where it will answer.</param>
    public NodeProcess(IReadOnlyList<string> command, IEnumerable<KeyValuePair<string, string>> environment, string folder, Uri http)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
        _client = new HttpClient { BaseAddress = http, Timeout = s_patience };
    }

    /// <summary>The user that it runs as.</summary>
    public string User => File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];

    /// <summary>Waits until something holds, and fails with what the process said if it ends before.</summary>
    public async Task WaitUntilAsync(Func<bool> condition, string what)
    {
        await Eventually.IsTrue(() => _process.HasExited || condition(), what, (int)s_patience.TotalSeconds);
        Assert.True(!_process.HasExited, _process.HasExited ? await _error : "");
    }

    /// <summary>Waits until <c>/health/ready</c> says so.</summary>
    public Task WaitUntilReadyAsync() => WaitUntilAsync(
        () =>
        {
            try
            {
                return _client.GetAsync("/health/ready").Result.StatusCode == HttpStatusCode.OK;
            }
            catch (AggregateException failure) when (failure.InnerException is HttpRequestException)
            {
                return false; // nothing listens yet
            }
        },
        "it is ready");

    public Task<string> GetAsync(string path) => _client.GetStringAsync(path);

    /// <summary>The answer to a file, which must be a caption.</summary>
    public async Task<string> CaptionAsync(string path)
    {
        using var file = new StreamContent(File.OpenRead(path));
        using var response = await _client.PostAsync("/v1/captions", file);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, answer);
        return answer;
    }

    /// <summary>Asks it to end, as a platform does; it must do so as it should.</summary>
    public async Task EndAsync()
    {
        Programs.Run("kill", ["-TERM", $"{_process.Id}"]);
        await _process.WaitForExitAsync().WaitAsync(s_patience);
        Assert.True(_process.ExitCode == 0, $"{_process.ExitCode}: {await _error}");
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _client.Dispose();
    }
}
