using System.Net;
using System.Net.Sockets;

namespace Pipeline.Cluster.Membership;

/// <summary>Where sockets may be bound: loopback and trusted networks, or anywhere with TLS.</summary>
public static class TrustedNetworks
{
    /// <summary>Finds the address to bind for both planes.</summary>
    /// <exception cref="PipelineException">It may not be bound, or a setting cannot be read.</exception>
    public static IPAddress Bindable(ClusterOptions options)
    {
        var trusted = Parse(options.Trusted);
        var address = Resolve(options.BindAddress);
        return options.Tls.Enabled || IPAddress.IsLoopback(address) || trusted.Any(network => network.Contains(address))
            ? address
            : throw ClusterFailures.Untrusted(address.ToString());
    }

    private static List<IPNetwork> Parse(string text)
    {
        var networks = new List<IPNetwork>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            networks.Add(IPNetwork.TryParse(entry, out var network)
                ? network
                : throw ClusterFailures.Setting("trusted", $"\"{entry}\" is no network", "networks are written as their first address and the length of its prefix: 10.1.0.0/16"));
        }

        return networks;
    }

    private static IPAddress Resolve(string host)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return literal;
        }

        try
        {
            var addresses = Dns.GetHostAddresses(host);
            return Array.Find(addresses, address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw ClusterFailures.Setting("bind", $"\"{host}\" is no address or name of this machine: {failure.Message}", "set pipeline.cluster.bind or pipeline.cluster.host", failure);
        }
    }
}
