using System.ComponentModel.DataAnnotations;
using System.Net;
using Pipeline.Engine.Configuration;

namespace Pipeline.Server;

/// <summary>The block <c>pipeline.server</c>.</summary>
public sealed record ServerOptions(
    string Listen,
    [property: Range(1, long.MaxValue)] long UploadBytes,
    TimeSpan UploadDeadline,
    [property: Range(1, 4096)] int RequestsInFlight,
    TimeSpan OutsideDeadline,
    TimeSpan DrainDeadline)
{
    /// <summary>Where to listen; null for nowhere.</summary>
    /// <exception cref="SettingsException">The setting is no address with a port.</exception>
    public IPEndPoint? EndPoint()
    {
        if (Listen.Length == 0)
        {
            return null;
        }

        // IPEndPoint takes an address without a port as port 0.
        return IPEndPoint.TryParse(Listen, out var endPoint) && Listen.EndsWith($":{endPoint.Port}", StringComparison.Ordinal)
            ? endPoint
            : throw new SettingsException(
                $"pipeline.server.listen = {Listen}: is no address with a port", "for example 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080; empty for no server");
    }
}
