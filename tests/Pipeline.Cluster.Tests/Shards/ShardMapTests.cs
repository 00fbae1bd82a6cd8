using CsCheck;
using Pipeline.Checkpoints;
using Pipeline.Cluster.Shards;
using Pipeline.Engine.Configuration;

namespace Pipeline.Cluster.Tests.Shards;

public sealed class ShardMapTests
{
    private static readonly Gen<(int Layers, int MoeStep, int Experts, int Shards, int Seed)> Models =
        from layers in Gen.Int[1, 12]
        from step in Gen.Int[1, layers]
        from experts in Gen.Int[1, 40]
        from shards in Gen.Int[1, layers / step * experts]
        from seed in Gen.Int[0, 3]
        select (layers, step, experts, shards, seed);

    [Fact]
    public void Shards_differ_by_at_most_one_expert_and_hold_each_once()
    {
        Models.Sample(model =>
        {
            var map = Create(model);
            var counts = Enumerable.Range(0, map.Shards).Select(shard => map.Members(shard).Count).ToArray();
            var all = Enumerable.Range(0, map.Shards).SelectMany(map.Members).ToArray();
            Assert.InRange(counts.Max() - counts.Min(), 0, 1);
            Assert.Equal(all.Length, all.Distinct().Count());
            Assert.Equal(model.Layers / model.MoeStep * model.Experts, all.Length);
            Assert.All(Enumerable.Range(0, map.Shards), shard => Assert.All(map.Members(shard), id => Assert.Equal(shard, map.ShardOf(id))));
            Assert.Equal(all.Length * map.ExpertBytes, Enumerable.Range(0, map.Shards).Sum(map.Bytes));
        });
    }

    [Fact]
    public void A_layer_is_spread_evenly_over_the_shards()
    {
        Models.Sample(model =>
        {
            var map = Create(model);
            for (var layer = model.MoeStep - 1; layer < model.Layers; layer += model.MoeStep)
            {
                var counts = new int[map.Shards];
                for (var expert = 0; expert < model.Experts; expert++)
                {
                    counts[map.ShardOf(new ExpertId(layer, expert))]++;
                }

                Assert.InRange(counts.Max() - counts.Min(), 0, 1);
            }
        });
    }

    [Fact]
    public void Hot_experts_of_a_layer_lie_in_different_shards()
    {
        var load = new RoutingStatistics(layers: 2, experts: 8);
        foreach (var hot in new[] { 0, 2, 4, 6 })
        {
            load.Add(0, [.. Enumerable.Repeat(hot, 100)]);
            load.Add(1, [.. Enumerable.Repeat(hot + 1, 100)]);
        }

        var map = ShardMap.Create(RandomModel(layers: 2, step: 1, experts: 8), shards: 4, load);

        Assert.Equal(4, new[] { 0, 2, 4, 6 }.Select(expert => map.ShardOf(new ExpertId(0, expert))).Distinct().Count());
        Assert.Equal(4, new[] { 1, 3, 5, 7 }.Select(expert => map.ShardOf(new ExpertId(1, expert))).Distinct().Count());
    }

    [Fact]
    public void A_decoded_map_is_the_one_that_was_encoded()
    {
        Models.Sample(model =>
        {
            var map = Create(model);
            var copy = ShardMap.Decode(map.Encode().Span);
            Assert.Equal(map.Digest, copy.Digest);
            Assert.Equal(map.ExpertBytes, copy.ExpertBytes);
            Assert.Equal(Enumerable.Range(0, map.Shards).Select(map.Members), Enumerable.Range(0, copy.Shards).Select(copy.Members));
        });
    }

    [Fact]
    public void Cut_off_bytes_are_refused_at_every_length()
    {
        var bytes = Create((5, 2, 6, 3, 0)).Encode().ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal("cluster.shard-map", Assert.Throws<PipelineException>(() => ShardMap.Decode(bytes.AsSpan(0, length))).Code);
        }

        Assert.Throws<PipelineException>(() => ShardMap.Decode([.. bytes, 0]));
    }

    [Fact]
    public void Hostile_bytes_are_refused_or_make_a_whole_map()
    {
        var bytes = Create((5, 2, 6, 3, 0)).Encode().ToArray();
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte).Array[1, 4].Sample(changes =>
        {
            var mutated = bytes.ToArray();
            foreach (var (index, value) in changes)
            {
                mutated[index] = value;
            }

            try
            {
                Assert.Equal(mutated, ShardMap.Decode(mutated).Encode().ToArray());
            }
            catch (PipelineException refused)
            {
                Assert.Equal("cluster.shard-map", refused.Code);
            }
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    public void More_shards_than_experts_are_refused_by_the_settings_name(int shards)
    {
        var refused = Assert.Throws<SettingsException>(() => ShardMap.Create(RandomModel(layers: 4, step: 1, experts: 8), shards));
        Assert.Contains("pipeline.experts.shards", refused.Message, StringComparison.Ordinal);
    }

    private static ShardMap Create((int Layers, int MoeStep, int Experts, int Shards, int Seed) model)
    {
        RoutingStatistics? load = null;
        if (model.Seed > 0)
        {
            load = new RoutingStatistics(model.Layers, model.Experts);
            var random = new Random(model.Seed);
            for (var layer = 0; layer < model.Layers; layer++)
            {
                load.Add(layer, [.. Enumerable.Range(0, 200).Select(_ => (int)(Math.Pow(random.NextDouble(), 3) * model.Experts))]);
            }
        }

        return ShardMap.Create(RandomModel(model.Layers, model.MoeStep, model.Experts), model.Shards, load);
    }

    internal static TextConfig RandomModel(int layers, int step, int experts) => new(
        VocabularySize: 16,
        HiddenSize: 8,
        Layers: layers,
        Heads: 1,
        KvHeads: 1,
        HeadSize: 8,
        IntermediateSize: 6,
        IntermediateSizeMlp: 8,
        Experts: experts,
        ExpertsPerToken: 1,
        LayerConfigs: [.. Enumerable.Range(0, layers).Select(layer => new TextLayerConfig((layer + 1) % step == 0, Rotate: true, Chunked: true))],
        AttentionChunkSize: 32,
        UseQkNorm: true,
        TuneTemperature: true,
        FloorScale: 16,
        AttentionScale: 0.1,
        RmsNormEpsilon: 1e-5,
        Rope: new RopeConfig(10000, RopeType.Default, 1, 1, 1, 1),
        MaxPositions: 64,
        AttentionBias: false,
        TieWordEmbeddings: false,
        BosId: null,
        EosIds: [2],
        PadId: null);
}
