using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

public sealed class ShardedExpertsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    [InlineData(8, 4)]
    public async Task Rows_come_back_as_each_expert_computes_them(int shards, int slots)
    {
        await using var lab = new WireLab(shards: shards, slots: slots);
        var nodes = new[] { lab.AddNode(), lab.AddNode(), lab.AddNode() };
        lab.Directory.Set(shard => [nodes[shard % nodes.Length].Host]);
        var pass = lab.AddPass();
        var random = new Random(shards);

        for (var step = 0; step < 60; step++)
        {
            await pass.StepAsync(random, step % WireLab.Layers, rows: 1 + random.Next(64));
        }

        Assert.True(lab.Client.Meters.Rows > 60);
        Assert.Equal(lab.Client.Meters.Requests, nodes.Sum(node => node.Listener.Meters.Requests));
        Assert.Equal(0, lab.Client.Meters.LateReplies + lab.Client.Meters.Resends + lab.Client.Meters.Hedges);
    }

    [Fact]
    public async Task Rows_of_this_node_never_see_a_socket()
    {
        await using var lab = new WireLab();
        lab.Directory.Set(ExpertHost.Local);
        var pass = lab.AddPass();
        var random = new Random(1);

        for (var step = 0; step < 20; step++)
        {
            await pass.StepAsync(random, step % WireLab.Layers, rows: 1 + random.Next(64));
        }

        Assert.Equal(lab.Client.Meters.Rows, lab.Client.Meters.LocalRows);
        Assert.Equal(0, lab.Client.Meters.BytesSent);
    }

    [Fact]
    public async Task A_step_without_rows_is_done_at_once()
    {
        await using var lab = new WireLab();
        var pass = lab.AddPass();

        Assert.True(pass.Experts.TryEnd(pass.Begin(new Random(1), layer: 0, rows: 0)));
    }
}
