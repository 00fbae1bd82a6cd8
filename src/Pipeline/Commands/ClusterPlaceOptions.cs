using System.CommandLine;
using System.Globalization;
using Pipeline.Configuration;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary>The options that say where a process stands in a cluster.</summary>
internal sealed class ClusterPlaceOptions
{
    private readonly Option<string?> _join = String("--join", "HOST:PORT", "nodes of the cluster to join, separated by commas");
    private readonly Option<string?> _listen = String("--listen", "HOST:PORT", "how the other nodes reach this process; port 0 takes a free one");

    /// <summary>For a command that runs here, with its experts in a cluster.</summary>
    public OptionGroup Group => new("Experts on other machines", [_join, _listen]);

    public IReadOnlyList<Option> Join => [_join];

    /// <summary>For a run, which nobody has to find: it takes a free port unless it is told one.</summary>
    /// <exception cref="UsageException">An address that is none.</exception>
    public SettingsArguments AddToRun(SettingsArguments arguments, ParseResult parsed) =>
        AddTo(parsed.GetValue(_join) is null ? arguments : arguments.With("--join", "pipeline.cluster.port", 0), parsed);

    /// <exception cref="UsageException">An address that is none.</exception>
    public SettingsArguments AddTo(SettingsArguments arguments, ParseResult parsed)
    {
        foreach (var address in parsed.GetValue(_join)?.Split(',') ?? [])
        {
            Split("--join", address.Trim(), leastPort: 1);
        }

        arguments = arguments.With("--join", "pipeline.cluster.join", parsed.GetValue(_join));
        if (parsed.GetValue(_listen) is not { } listen)
        {
            return arguments;
        }

        var (host, port) = Split("--listen", listen, leastPort: 0);
        return arguments.With("--listen", "pipeline.cluster.host", host).With("--listen", "pipeline.cluster.port", port);
    }

    /// <summary>A version 6 address stands in brackets.</summary>
    private static (string Host, int Port) Split(string option, string text, int leastPort)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text[(colon + 1)..], NumberStyles.None, null, out var port) && port >= leastPort && port <= 65535
            ? (text[..colon].Trim('[', ']'), port)
            : throw new UsageException($"{option} {text}: expected HOST:PORT", "for example 10.0.0.5:4053");
    }
}
