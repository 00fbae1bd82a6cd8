using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Benchmarks.Sharded;

/// <summary>A node of the program itself, with the role expert, on loopback; it ends with its standard input.</summary>
internal sealed partial class ExpertProcess : IDisposable
{
    private static readonly HttpClient s_http = new();

    private readonly Process _process;
    private readonly JsonElement _ready;

    private ExpertProcess(Process process, JsonElement ready) => (_process, _ready) = (process, ready);

    public string Name => _ready.GetProperty("node").GetString()!;

    /// <summary>Processor time since its start.</summary>
    public TimeSpan Busy
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <param name="plan">Its model, and how the experts are divided.</param>
    /// <param name="join">A member; null for the first.</param>
    public static async Task<ExpertProcess> StartAsync(ShardedPlan plan, string? join)
    {
        string[] arguments =
        [
            Path.Join(AppContext.BaseDirectory, "Pipeline.dll"), "node", "--role", "expert", "--json", "--until-closed",
            "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--model", plan.Model,
            "--set", $"pipeline.cluster.minimum-experts={plan.Nodes}",
            .. plan.Shards > 0 ? (string[])["--shards", $"{plan.Shards}"] : [],
            .. join is null ? (string[])[] : ["--join", join],
        ];
        var process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        return await process.StandardOutput.ReadLineAsync() is { } line
            ? new ExpertProcess(process, JsonElement.Parse(line))
            : throw new InvalidOperationException("an expert process did not start; it said why above");
    }

    /// <summary>Collections of generations 1 and 2 since its start.</summary>
    public async Task<long> CollectionsAsync()
    {
        var metrics = await s_http.GetStringAsync(_ready.GetProperty("http").GetString() + "/metrics");
        var counts = OldCollections().Matches(metrics).Select(match => long.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture)).ToArray();
        return counts.Length == 2 ? counts.Sum() : throw new InvalidOperationException("an expert process does not tell its collections");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    [GeneratedRegex("^dotnet_gc_collections[a-z_]*\\{[^}]*gen[12]\"[^}]*\\} (?<count>[0-9]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OldCollections();
}
