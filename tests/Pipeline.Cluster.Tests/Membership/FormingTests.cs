using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Tests.Membership;

public sealed class FormingTests
{
    [Fact]
    public async Task Nodes_form_a_cluster_and_know_each_others_state_and_shard_map()
    {
        await using var cluster = new TestCluster(shards: 4, "pipeline.cluster.minimum-experts = 2");
        var engine = await cluster.StartAsync(0, NodeRoles.Engine);
        await cluster.StartAsync(4);
        await cluster.StartAsync(4);

        await cluster.WarmEverywhere();

        Assert.All(cluster.Nodes, node => Assert.Equal(cluster.Map.Digest, node.Cluster.ShardMap.Digest));
        var seen = engine.Cluster.Nodes;
        Assert.Equal(cluster.Nodes.Select(node => node.Name).Order(StringComparer.Ordinal), seen.Select(node => node.Node));
        Assert.All(seen, node => Assert.Equal(NodePhase.Ready, node.Phase));
        Assert.All(seen.Where(node => node.Roles == NodeRoles.Expert), node => Assert.Equal(2, node.Shards.Length));
        Assert.Empty(engine.Cluster.Unplaced);
    }
}
