using Pipeline.Cluster.Shards;

namespace Pipeline.Cluster.Wire;

/// <summary>A shard map by layer, for loops over a layer's routing.</summary>
internal sealed class ShardTable
{
    private readonly int[][] _layers;

    public ShardTable(ShardMap map)
    {
        Shards = map.Shards;
        _layers = new int[map.Layers][];
        Array.Fill(_layers, []);
        for (var shard = 0; shard < map.Shards; shard++)
        {
            foreach (var member in map.Members(shard))
            {
                if (_layers[member.Layer].Length == 0)
                {
                    _layers[member.Layer] = new int[map.Experts];
                }

                _layers[member.Layer][member.Expert] = shard;
            }
        }
    }

    public int Shards { get; }

    public int Layers => _layers.Length;

    /// <summary>The shard of each expert of a layer; empty where the layer has none.</summary>
    public ReadOnlySpan<int> Layer(int layer) => _layers[layer];
}
