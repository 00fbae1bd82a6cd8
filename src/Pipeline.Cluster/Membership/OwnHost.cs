using System.Net;
using System.Net.Sockets;

namespace Pipeline.Cluster.Membership;

/// <summary>How other machines reach this one, where the settings leave it at loopback.</summary>
public static class OwnHost
{
    /// <summary>
    /// The same options; but where a member to join is on another machine and <c>cluster.host</c> is loopback, by which it could reach only
    /// itself, the host is this machine's address on the way to that member.
    /// </summary>
    /// <exception cref="PipelineException">A name in the list of members is no address.</exception>
    public static ClusterOptions Facing(ClusterOptions options)
    {
        if (!IsLoopback(options.Host))
        {
            return options;
        }

        var members = NodeName.ParseList(options.Join, "pipeline.cluster.join");
        var remote = members.FirstOrDefault(member => !IsLoopback(member.Host));
        return remote.Host is not null && AddressToward(remote.Host, remote.Port) is { } address ? options with { Host = address.ToString() } : options;
    }

    private static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Null where there is no way; joining then says so.</summary>
    private static IPAddress? AddressToward(string host, int port)
    {
        try
        {
            // Connecting a datagram socket sends nothing: it asks the routing table.
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(host, port);
            var address = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
