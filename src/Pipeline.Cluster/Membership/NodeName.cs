using System.Globalization;
using Akka.Actor;

namespace Pipeline.Cluster.Membership;

/// <summary>Nodes are called <c>host:port</c>, as others reach their control plane.</summary>
internal static class NodeName
{
    public static string Of(Address address) => string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}");

    /// <summary>Reads one <c>host:port</c>; a version 6 address stands in brackets.</summary>
    /// <param name="setting">Where the text was said, for the message.</param>
    /// <exception cref="PipelineException">It is something else.</exception>
    public static (string Host, int Port) Parse(string text, string setting)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? (text[..colon].Trim('[', ']'), port)
            : throw new PipelineException("cluster.address", $"{setting}: \"{text}\" is no HOST:PORT", "for example 10.0.0.5:4053; several are separated by commas");
    }

    /// <summary>Reads a list of them, separated by commas; empty for an empty text.</summary>
    public static IReadOnlyList<(string Host, int Port)> ParseList(string text, string setting) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(entry => Parse(entry, setting))];
}
