using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

public sealed class ClusterTlsTests
{
    [Fact]
    public async Task Nodes_of_one_authority_form_a_cluster_and_others_get_no_answer()
    {
        using var ours = new TestAuthority("ours");
        using var theirs = new TestAuthority("theirs");
        await using var cluster = new TestCluster(shards: 2, "pipeline.cluster.minimum-experts = 2");
        var first = await cluster.StartAsync(2, settings: Settings(ours.Issue("first")));
        await cluster.StartAsync(2, settings: Settings(ours.Issue("second")));
        await cluster.WarmEverywhere();

        foreach (var settings in new[] { Settings(theirs.Issue("stranger")), "" })
        {
            var failure = await Assert.ThrowsAsync<PipelineException>(
                () => cluster.StartAsync(2, settings: settings + "\npipeline.cluster.join-deadline = 2s"));
            Assert.Equal("cluster.unreachable", failure.Code);
        }

        Assert.Equal(2, first.Cluster.Nodes.Count);
    }

    [Fact]
    public void No_files_mean_no_tls() => Assert.Null(ClusterTls.Load(new TlsOptions("", "", "")));

    [Fact]
    public void What_is_wrong_with_the_files_names_the_setting()
    {
        using var ours = new TestAuthority("ours");
        using var theirs = new TestAuthority("theirs");
        var files = ours.Issue("node");

        Refused("tls.key", "is not set", files with { Key = "" });
        Refused("tls.certificate", "no-such-file", files with { Certificate = "no-such-file" });
        Refused("tls.key", "cannot be read", files with { Key = files.Certificate });
        Refused("tls.key", "cannot be read", files with { Key = ours.Issue("other").Key });
        Refused("tls.authority", "cannot be read", files with { Authority = files.Key });
        Refused("tls.certificate", "does not lead to", files with { Authority = theirs.Issue("node").Authority });
    }

    private static void Refused(string key, string what, TlsOptions files)
    {
        var refused = Assert.Throws<PipelineException>(() => ClusterTls.Load(files));
        Assert.Contains($"pipeline.cluster.{key}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
    }

    private static string Settings(TlsOptions files) =>
        $"pipeline.cluster.tls.certificate = \"{files.Certificate}\"\npipeline.cluster.tls.key = \"{files.Key}\"\npipeline.cluster.tls.authority = \"{files.Authority}\"";
}
