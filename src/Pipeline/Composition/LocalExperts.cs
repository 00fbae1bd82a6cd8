using System.Diagnostics;
using System.Globalization;
using Pipeline.Checkpoints;

namespace Pipeline.Composition;

/// <summary>
/// Expert processes of one run, on its own machine. Each lives as long as its standard input is open: however this process
/// ends, the system closes that pipe, and the child ends itself.
/// </summary>
internal sealed class LocalExperts : IAsyncDisposable
{
    /// <summary>A child that has not ended by itself by then is killed.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly List<Process> _children;

    private LocalExperts(List<Process> children)
    {
        _children = children;
        Failed = WatchAsync();
    }

    /// <summary>Done, with what to tell, when a child has ended before it was asked to.</summary>
    public Task<PipelineException> Failed { get; }

    /// <param name="settings">The run's; the children's are the same.</param>
    /// <param name="join">The run's name in the cluster.</param>
    /// <param name="summary">Sizes of the model: each child offers room for all of it, so that one can stand in for the other.</param>
    public static LocalExperts Start(Settings settings, string join, ModelSummary summary)
    {
        var bytes = summary.Kinds.Where(kind => kind.Kind == TensorKind.RoutedExperts).Sum(kind => kind.Bytes);
        string[] node =
        [
            "node", "--role", "expert", "--join", join, "--listen", "127.0.0.1:0", "--until-closed", "--model", settings.ModelFolder,
            .. settings.Arguments.AsCommandLine(),
            "--set", string.Create(CultureInfo.InvariantCulture, $"pipeline.experts.memory-bytes={bytes}"),
            "--set", "pipeline.server.listen=",
        ];
        var (program, first) = Program();
        var children = new List<Process>();
        try
        {
            for (var i = 0; i < settings.Options.Node.LocalExperts; i++)
            {
                var device = settings.Options.Device.Names[i % settings.Options.Device.Names.Count];
                children.Add(Process.Start(new ProcessStartInfo(program, [.. first, .. node, "--set", $"pipeline.device.device={device}"])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    UseShellExecute = false,
                })!);
            }
        }
        catch
        {
            children.ForEach(child => child.Kill());
            throw;
        }

        return new LocalExperts(children);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
        {
            child.StandardInput.Close();
        }

        foreach (var child in _children)
        {
            try
            {
                await child.WaitForExitAsync().WaitAsync(s_patience);
            }
            catch (TimeoutException)
            {
                child.Kill();
            }

            child.Dispose();
        }
    }

    /// <summary>This program, as it was started: through the dotnet host, or by its own name.</summary>
    private static (string Program, string[] First) Program() =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == nameof(Pipeline)
            ? (path, [])
            : ("dotnet", [typeof(LocalExperts).Assembly.Location]);

    private async Task<PipelineException> WatchAsync()
    {
        var ended = await await Task.WhenAny(_children.Select(async child =>
        {
            await child.WaitForExitAsync();
            return child.ExitCode;
        }));
        return new PipelineException(
            "experts.local", $"an expert process of this run has ended by itself (exit code {ended})", "it said why above", FailureKind.Outside);
    }
}
