using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

public sealed class TrustedNetworksTests
{
    [Theory]
    [InlineData("127.0.0.1", "")]
    [InlineData("localhost", "")]
    [InlineData("10.1.2.3", "192.168.0.0/16, 10.0.0.0/8")]
    [InlineData("0.0.0.0", "0.0.0.0/0")]
    public void Loopback_and_trusted_networks_may_be_bound(string host, string trusted) =>
        Assert.NotNull(TrustedNetworks.Bindable(Options(host, trusted)));

    [Theory]
    [InlineData("10.1.2.3", "")]
    [InlineData("0.0.0.0", "")]
    [InlineData("11.1.2.3", "10.0.0.0/8")]
    public void Other_addresses_are_refused_by_name(string host, string trusted)
    {
        var refused = Assert.Throws<PipelineException>(() => TrustedNetworks.Bindable(Options(host, trusted)));

        Assert.Equal("cluster.untrusted", refused.Code);
        Assert.Contains(host, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_tls_any_address_may_be_bound() =>
        Assert.Equal("10.1.2.3", TrustedNetworks.Bindable(Options("10.1.2.3", "") with { Tls = new TlsOptions("a", "b", "c") }).ToString());

    [Theory]
    [InlineData("127.0.0.1", "10.0.0.0/99", "trusted")]
    [InlineData("127.0.0.1", "ten", "trusted")]
    [InlineData("no such host.invalid", "", "bind")]
    public void What_cannot_be_read_names_its_setting(string host, string trusted, string setting) =>
        Assert.Contains($"pipeline.cluster.{setting}", Assert.Throws<PipelineException>(() => TrustedNetworks.Bindable(Options(host, trusted))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a:1, b:2,", 2)]
    [InlineData("[::1]:4053", 1)]
    [InlineData("", 0)]
    public void Members_are_listed_by_host_and_port(string text, int count) => Assert.Equal(count, NodeName.ParseList(text, "join").Count);

    [Theory]
    [InlineData("a")]
    [InlineData("a:0")]
    [InlineData("a:70000")]
    [InlineData(":1")]
    public void What_is_no_member_is_named(string text) =>
        Assert.Contains(text, Assert.Throws<PipelineException>(() => NodeName.ParseList(text, "pipeline.cluster.join")).Message, StringComparison.Ordinal);

    private static ClusterOptions Options(string host, string trusted) => TestCluster.Options($"pipeline.cluster.host = \"{host}\"\npipeline.cluster.trusted = \"{trusted}\"");
}
