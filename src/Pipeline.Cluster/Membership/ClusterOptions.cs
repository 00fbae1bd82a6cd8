using System.ComponentModel.DataAnnotations;

namespace Pipeline.Cluster.Membership;

/// <summary>The block <c>pipeline.cluster</c>; hocon/reference/cluster.conf gives units and reasons.</summary>
/// <param name="Host">The name or address by which other nodes reach this one, on both planes.</param>
/// <param name="Bind">The address that is bound; empty for <paramref name="Host"/>.</param>
/// <param name="Join"><c>host:port</c> of members, separated by commas; empty to form a cluster.</param>
/// <param name="Trusted">Networks in CIDR notation, separated by commas, that may be bound without TLS.</param>
public sealed record ClusterOptions(
    string Host,
    string Bind,
    [property: Range(0, 65535)] int Port,
    [property: Range(0, 65535)] int DataPort,
    string Join,
    TimeSpan JoinWait,
    TimeSpan JoinDeadline,
    string Trusted,
    TlsOptions Tls,
    [property: Range(1, 4096)] int MinimumExperts,
    TimeSpan GatherDeadline,
    TimeSpan Settle,
    TimeSpan Linger,
    TimeSpan StateInterval,
    TimeSpan LeaveDeadline)
{
    /// <summary>The address that sockets of both planes bind.</summary>
    public string BindAddress => Bind.Length > 0 ? Bind : Host;
}

/// <summary>The block <c>pipeline.cluster.tls</c>: files in PEM form, all three or none.</summary>
/// <param name="Certificate">This node's certificate, with the chain up to the authority.</param>
/// <param name="Key">Its private key.</param>
/// <param name="Authority">Certificates that a peer's certificate must lead to.</param>
public sealed record TlsOptions(string Certificate, string Key, string Authority)
{
    public bool Enabled => Certificate.Length > 0 || Key.Length > 0 || Authority.Length > 0;
}
