using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Tests.Membership;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

public sealed class TlsTests
{
    [Fact]
    public async Task Members_of_one_authority_serve_each_other()
    {
        using var authority = new TestAuthority("ours");
        await using var lab = new WireLab(tls: Member(authority, "node"));
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        var pass = lab.AddPass();
        var random = new Random(1);

        for (var step = 0; step < 20; step++)
        {
            await pass.StepAsync(random, step % WireLab.Layers, rows: 32);
        }

        Assert.Equal(0, node.Listener.Meters.Refused);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_has_no_certificate_of_the_authority_is_refused(bool encrypted)
    {
        using var ours = new TestAuthority("ours");
        using var theirs = new TestAuthority("theirs");
        var brief = WireLab.DefaultOptions with { Deadline = TimeSpan.FromMilliseconds(500), ResendAfter = TimeSpan.FromMilliseconds(200) };
        using var store = new TestStore();
        await using var stranger = new WireLab(brief, tls: encrypted ? Member(theirs, "stranger") : null);
        await using var listener = ExpertListener.Bind(IPAddress.Loopback, 0, brief, Member(ours, "node"));
        listener.Serve(stranger.Identity with { Node = "node" }, stranger.Map, store.Enqueue);
        stranger.Directory.Set(new ExpertHost("node", "127.0.0.1", listener.Port, stranger.Identity.InstructionPath));

        await Assert.ThrowsAsync<PipelineException>(() => stranger.AddPass().StepAsync(new Random(1), layer: 0, rows: 4));

        Assert.Equal(0, store.Served);
        await stranger.Client.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_shows_none_is_refused()
    {
        using var ours = new TestAuthority("ours");
        await using var lab = new WireLab(tls: Member(ours, "node"));
        var node = lab.AddNode();
        using var client = new TcpClient();
        await client.ConnectAsync(node.Host.Host, node.Host.Port);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);

        // In TLS 1.3 the client is done before the server has looked.
        await Record.ExceptionAsync(async () =>
        {
            await tls.AuthenticateAsClientAsync("node");
            await Handshake.AskAsync(tls, lab.Identity, mixedPaths: false, CancellationToken.None);
        });

        await Eventually.IsTrue(() => node.Listener.Meters.Refused == 1, "the connection was refused");
        Assert.Equal(0, node.Listener.Meters.Open);
    }

    private static ClusterTls Member(TestAuthority authority, string name) => ClusterTls.Load(authority.Issue(name))!;
}
