using System.Text;
using Pipeline.Cluster.Membership;
using Pipeline.Commands;
using Pipeline.Server;
using Pipeline.Terminal;

namespace Pipeline.Composition;

/// <summary>What a node prints when it serves: how others reach it.</summary>
internal sealed record ReadyLine(NodeRoles Roles, ClusterMember Member, NodeServer? Server)
{
    private string? Data => Member.Listener is { } listener ? $"{Member.Node.Name[..Member.Node.Name.LastIndexOf(':')]}:{listener.Port}" : null;

    private string? Http => Server?.Address.GetLeftPart(UriPartial.Authority);

    public byte[] Write(bool json) => json
        ? JsonText.Of(new
        {
            Version = 1,
            Ready = true,
            Roles = Roles.Describe().Split(','),
            Node = Member.Node.Name,
            Data,
            Http,
            Process = Environment.ProcessId,
        })
        : Encoding.UTF8.GetBytes(
            $"ready: {Roles.Describe()} at {Member.Node.Name}{(Data is null ? "" : $", rows at {Data}")}{(Http is null ? "" : $", {Http}")}\n");
}
