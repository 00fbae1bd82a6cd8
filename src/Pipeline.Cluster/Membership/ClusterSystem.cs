using System.Globalization;
using System.Net;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster.Sharding;
using Akka.Cluster.Tools.Singleton;
using Akka.Configuration;
using Akka.DistributedData;
using Akka.Remote.Transport.DotNetty;

namespace Pipeline.Cluster.Membership;

/// <summary>Makes actor systems that talk to others: with Akka's own settings from the configuration, and what follows from ours.</summary>
internal static class ClusterSystem
{
    /// <summary>Akka's own, of messages that may come from members before this node has started what they are for.</summary>
    private static readonly Config Serializers = ClusterSharding.DefaultConfig()
        .WithFallback(DistributedData.DefaultConfig())
        .WithFallback(ClusterSingleton.DefaultConfig());

    /// <summary>A member of a cluster.</summary>
    /// <exception cref="PipelineException">The address cannot or may not be bound.</exception>
    public static ActorSystem CreateMember(ClusterOptions options, NodeRoles roles, Config akka, ClusterTls? tls) =>
        Create(options, "cluster", options.Port, Roles(roles), akka, tls);

    /// <summary>An onlooker, who asks members and becomes none.</summary>
    public static ActorSystem CreateOnlooker(ClusterOptions options, Config akka, ClusterTls? tls) =>
        Create(options, "remote", 0, "", akka, tls);

    private static ActorSystem Create(ClusterOptions options, string provider, int port, string roles, Config akka, ClusterTls? tls)
    {
        var bind = TrustedNetworks.Bindable(options);
        var config = ConfigurationFactory.ParseString(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            akka {
              actor.provider = {{provider}}
              cluster.roles = [{{roles}}]
              remote.dot-netty.tcp {
                hostname = "{{bind}}"
                public-hostname = "{{options.Host}}"
                port = {{port}}
                enable-ssl = {{(tls is null ? "off" : "on")}}
              }
            }
            """));
        var setup = ActorSystemSetup.Empty.And(BootstrapSetup.Create().WithConfig(
            config.WithFallback(ClusterMessageSerializer.Settings).WithFallback(akka).WithFallback(Serializers)));
        return Start(tls is null ? setup : setup.And(SslSetup(tls)), bind, port);
    }

    private static ActorSystem Start(ActorSystemSetup setup, IPAddress bind, int port)
    {
        try
        {
            return ActorSystem.Create(ClusterProtocol.System, setup);
        }
        catch (Exception failure) when (failure is not PipelineException)
        {
            throw ClusterFailures.CannotBind(bind.ToString(), port, failure);
        }
    }

    private static DotNettySslSetup SslSetup(ClusterTls tls) => new(
        tls.Certificate, suppressValidation: false, requireMutualAuthentication: true, (peer, presented, _, _, _) => tls.Accepts(peer, presented));

    private static string Roles(NodeRoles roles) =>
        string.Join(", ", Enum.GetValues<NodeRoles>().Where(role => role != NodeRoles.None && roles.HasFlag(role)).Select(RoleName));

    /// <summary>The role as Akka.Cluster knows it.</summary>
    public static string RoleName(NodeRoles role) => role.ToString().ToLowerInvariant();
}
