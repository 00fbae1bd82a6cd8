using System.Reflection;
using Akka.Configuration;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Membership;
using Pipeline.Cluster.Planning;
using Pipeline.Engine;
using Pipeline.Engine.Configuration;
using Pipeline.Media;

namespace Pipeline.Cluster.Tests.Planning;

/// <summary>Plans against numbers worked out by hand from the published shapes.</summary>
public sealed class PlacementPlanTests
{
    // One expert of Scout and Maverick: gate, up and down of 5120 x 8192 in BF16.
    private const long ExpertBytes = 3L * 5120 * 8192 * 2;

    [Fact]
    public void TinyScout_IsSpreadEvenly_AndARowCostsTwoFramesALayer()
    {
        var plan = Plan("models/tiny-scout", 8, 1, (NodeRoles.Engine, 2_000_000_000), (NodeRoles.Expert, 1_000_000_000), (NodeRoles.Expert, 1_000_000_000));

        // 6 layers of 8 experts: gate, up and down of 192 x 256 in BF16.
        Assert.Equal([0, 24 * 294_912, 24 * 294_912], plan.Nodes.Select(node => node.ShardBytes));
        Assert.Equal(Enumerable.Range(0, 8), plan.Nodes.SelectMany(node => node.Shards).Order());
        Assert.Equal(23_982_336 - (48 * 294_912), plan.Nodes[0].Memory.WeightBytes);
        Assert.True(plan.IsComplete);

        // A head of 56 bytes, an assignment of 12, 192 floats there; a head and 192 floats back.
        Assert.Equal(6 * (56 + 12 + 768 + 56 + 768), plan.Steps[0].WireBytesPerToken, 1e-6);
    }

    [Fact]
    public void Scout_NeedsSixNodesOf40GB_AndTwoMegabytesAToken()
    {
        var nodes = Enumerable.Repeat((NodeRoles.Expert, 40_000_000_000L), 5).Append((NodeRoles.Engine, 32_000_000_000L)).ToArray();
        var plan = Plan("tests/data/configs/scout", 0, 1, nodes);

        Assert.Equal(194, plan.Request.Map.Shards);
        Assert.Equal(768 * ExpertBytes, plan.Nodes.Sum(node => node.ShardBytes) + plan.Unplaced.Sum(plan.Request.Map.Bytes));
        Assert.Equal(217_283_587_072 - (768 * ExpertBytes), plan.Nodes[^1].Memory.WeightBytes);
        Assert.True(plan.IsComplete);
        Assert.All(plan.Nodes.SkipLast(1), node => Assert.InRange(node.ShardBytes, 38_000_000_000, 39_500_000_000));
        Assert.Equal(48 * (56 + 12 + (4 * 5120) + 56 + (4 * 5120)), plan.Steps[0].WireBytesPerToken, 1e-3);
    }

    [Fact]
    public void Maverick_HasExpertsInEverySecondLayer()
    {
        var nodes = Enumerable.Repeat((NodeRoles.Expert, 96_000_000_000L), 9).Append((NodeRoles.Engine, 48_000_000_000L)).ToArray();
        var plan = Plan("tests/data/configs/maverick", 256, 1, nodes);

        Assert.True(plan.IsComplete);
        Assert.Equal(24L * 128 * ExpertBytes, plan.Nodes.Sum(node => node.ShardBytes));
        Assert.Equal(24 * 128, plan.Nodes.Sum(node => node.Experts));
    }

    [Fact]
    public void WhatFindsNoRoom_IsNamedWithItsBytes()
    {
        var nodes = Enumerable.Repeat((NodeRoles.Expert, 32_000_000_000L), 5).Append((NodeRoles.Engine, 24_000_000_000L)).ToArray();
        var plan = Plan("tests/data/configs/scout", 0, 1, nodes);
        var free = plan.Nodes.SkipLast(1).Sum(node => node.FreeBytes);

        Assert.False(plan.IsComplete);
        Assert.NotEmpty(plan.Unplaced);

        // What is free lies in pieces, each too small for a shard.
        var bytes = plan.Unplaced.Sum(plan.Request.Map.Bytes);
        Assert.InRange(plan.MissingBytes, bytes - free, bytes);
        Assert.True(plan.Nodes[^1].FreeBytes < 0);
        Assert.Empty(plan.Steps);
    }

    [Fact]
    public void Copies_LieOnDifferentNodes_AndThoseWithoutANodeAreCounted()
    {
        var two = Plan("models/tiny-scout", 4, 2, (NodeRoles.Engine, 2_000_000_000), (NodeRoles.Expert, 1_000_000_000), (NodeRoles.Expert, 1_000_000_000));
        var one = Plan("models/tiny-scout", 4, 2, (NodeRoles.Engine, 2_000_000_000), (NodeRoles.Expert, 1_000_000_000));

        Assert.True(two.IsComplete);
        Assert.All(two.Nodes.Skip(1), node => Assert.Equal([0, 1, 2, 3], node.Shards));
        Assert.Equal((0, 4, false), (one.Unplaced.Count, one.MissingCopies, one.IsComplete));
    }

    [Fact]
    public void AnEngineThatHoldsAllExperts_SendsNothing()
    {
        var plan = Plan("models/tiny-scout", 4, 1, (NodeRoles.Engine | NodeRoles.Expert, 2_000_000_000));

        Assert.True(plan.IsComplete);
        Assert.All(plan.Steps, step => Assert.Equal((0.0, StepBound.EngineMemory), (step.WireBytes, step.Bound)));
    }

    [Fact]
    public void MoreSequences_ShareTheRoundTrips_AndSlowerLinksBoundTheRate()
    {
        (NodeRoles, long)[] nodes = [(NodeRoles.Engine, 64_000_000_000), .. Enumerable.Repeat((NodeRoles.Expert, 48_000_000_000L), 5)];
        var far = Plan("tests/data/configs/scout", 0, 1, new PlannedNetwork(10e9, TimeSpan.FromMilliseconds(100)), nodes);
        var slow = Plan("tests/data/configs/scout", 0, 1, new PlannedNetwork(10e6, TimeSpan.FromMilliseconds(0.1)), nodes);

        // 48 layers wait 100 ms each: at most 0.21 steps a second.
        Assert.Equal(StepBound.RoundTrips, far.Steps[0].Bound);
        Assert.InRange(far.Steps[0].TokensPerSecond, 0.1, 1 / 4.8);
        Assert.True(far.Steps[^1].TokensPerSecond > 10 * far.Steps[0].TokensPerSecond);

        // 2 MB a token at 1.25 MB/s.
        Assert.Equal(StepBound.Network, slow.Steps[^1].Bound);
        Assert.InRange(slow.Steps[^1].TokensPerSecond, 0.3, 1.25 / 1.97);
    }

    private static PlacementPlan Plan(string model, int shards, int replicas, params (NodeRoles Roles, long Memory)[] nodes) =>
        Plan(model, shards, replicas, new PlannedNetwork(10e9, PlannedNetwork.Loopback), nodes);

    private static PlacementPlan Plan(string model, int shards, int replicas, PlannedNetwork network, params (NodeRoles Roles, long Memory)[] nodes)
    {
        var config = Checkpoint.ReadConfig(Path.Join(SharedData.Root, model));
        var summary = ModelSummary.Of(config);
        var experts = Options<ExpertsOptions>(typeof(ExpertsOptions).Assembly, "cluster.conf", "pipeline.experts") with { Shards = shards, Replicas = replicas };
        var assembly = typeof(EngineOptions).Assembly;
        var engine = new EngineSettings(
            Options<EngineOptions>(assembly, "engine.conf", "pipeline.engine"),
            Options<VisionOptions>(assembly, "engine.conf", "pipeline.vision"),
            Options<DecoderOptions>(assembly, "engine.conf", "pipeline.decoder"),
            Options<MediaOptions>(typeof(MediaOptions).Assembly, "media.conf", "pipeline.media"));
        return PlacementPlan.Create(new PlanRequest(
            config,
            summary,
            ShardMaps.Create(config.Text, summary, experts),
            engine,
            experts,
            [.. nodes.Select((node, i) => new PlannedNode($"node {i:00}", node.Roles, node.Memory))],
            network));
    }

    private static T Options<T>(Assembly assembly, string resource, string path)
        where T : class
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return OptionsBinder.Bind<T>(new LayeredConfig([new ConfigLayer(resource, ConfigurationFactory.ParseString(reader.ReadToEnd()))]), path);
    }
}
