using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Pipeline.Checkpoints;
using Pipeline.Engine.Configuration;

namespace Pipeline.Cluster.Shards;

/// <summary>
/// Which shard each routed expert belongs to. Shards differ by at most one expert; a layer's experts are spread over the shards, so that
/// every step can keep every node busy; within a layer the hot ones lie apart. Immutable, and the same for equal arguments.
/// </summary>
public sealed class ShardMap
{
    private const uint Magic = 0x504D5331;
    private const int HeaderBytes = 28;

    private readonly ExpertId[][] _members;
    private readonly ushort[][] _shards;
    private readonly byte[] _encoded;

    private ShardMap(int shards, int experts, long expertBytes, ushort[][] shardOf)
    {
        Shards = shards;
        Experts = experts;
        ExpertBytes = expertBytes;
        _shards = shardOf;
        _members = Invert(shards, shardOf);
        _encoded = Write();
        Digest = Convert.ToHexStringLower(SHA256.HashData(_encoded));
    }

    public int Shards { get; }

    /// <summary>Layers of the model, with and without experts.</summary>
    public int Layers => _shards.Length;

    /// <summary>Experts of each layer that has any.</summary>
    public int Experts { get; }

    /// <summary>Stored bytes of one expert's gate, up and down.</summary>
    public long ExpertBytes { get; }

    /// <summary>SHA-256 of <see cref="Encode"/> in hex: two nodes with the same digest mean the same shards.</summary>
    public string Digest { get; }

    /// <summary>Divides a model's experts.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shards">At least 1, at most as many as there are experts in all.</param>
    /// <param name="load">Rows that each expert is known to get; null where nothing is known.</param>
    /// <param name="expertBytes">Stored bytes of one expert; null for those of BF16.</param>
    /// <exception cref="SettingsException">There are fewer experts than shards.</exception>
    public static ShardMap Create(TextConfig config, int shards, RoutingStatistics? load = null, long? expertBytes = null)
    {
        var sparse = config.LayerConfigs.Count(layer => layer.MixtureOfExperts);
        if (shards < 1 || shards > Math.Min((long)sparse * config.Experts, ushort.MaxValue + 1))
        {
            throw new SettingsException(
                $"pipeline.experts.shards = {shards}: the model has {sparse} layers of {config.Experts} experts to divide",
                $"1 to {Math.Min((long)sparse * config.Experts, ushort.MaxValue + 1)} shards");
        }

        var division = new Division(shards, config.Experts, load);
        return new ShardMap(
            shards,
            config.Experts,
            expertBytes ?? 2L * 3 * config.HiddenSize * config.IntermediateSize,
            [.. config.LayerConfigs.Select((layer, index) => layer.MixtureOfExperts ? division.Layer(index) : [])]);
    }

    /// <summary>The shard of an expert.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such expert.</exception>
    public int ShardOf(ExpertId id) =>
        (uint)id.Layer < (uint)_shards.Length && (uint)id.Expert < (uint)_shards[id.Layer].Length
            ? _shards[id.Layer][id.Expert]
            : throw new ArgumentOutOfRangeException(nameof(id), id, "The model has no such expert.");

    /// <summary>The shard's experts by layer, then expert.</summary>
    public IReadOnlyList<ExpertId> Members(int shard) => _members[shard];

    /// <summary>Stored bytes of a shard.</summary>
    public long Bytes(int shard) => _members[shard].Length * ExpertBytes;

    /// <summary>The map as bytes, for other nodes.</summary>
    public ReadOnlyMemory<byte> Encode() => _encoded;

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="PipelineException">The bytes are damaged or of another version.</exception>
    public static ShardMap Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw Damaged("it is none, or of another version");
        }

        var shards = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        var experts = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var layers = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var expertBytes = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        var rest = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        if (shards is < 1 or > ushort.MaxValue + 1 || experts < 1 || layers < 1 || expertBytes < 1 || rest != bytes.Length - HeaderBytes || layers > rest)
        {
            throw Damaged("its header is impossible");
        }

        return new ShardMap(shards, experts, expertBytes, ReadLayers(bytes[HeaderBytes..], shards, experts, layers));
    }

    private static ushort[][] ReadLayers(ReadOnlySpan<byte> bytes, int shards, int experts, int layers)
    {
        var shardOf = new ushort[layers][];
        foreach (ref var layer in shardOf.AsSpan())
        {
            var sparse = bytes.Length > 0 && bytes[0] == 1;
            var length = sparse ? 1 + (2L * experts) : 1;
            if (bytes.Length < length || bytes[0] > 1)
            {
                throw Damaged("a layer is cut off");
            }

            layer = new ushort[sparse ? experts : 0];
            for (var expert = 0; expert < layer.Length; expert++)
            {
                layer[expert] = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(1 + (2 * expert))..]);
                if (layer[expert] >= shards)
                {
                    throw Damaged("an expert's shard is not there");
                }
            }

            bytes = bytes[(int)length..];
        }

        return bytes.Length == 0 ? shardOf : throw Damaged("bytes are left over");
    }

    private byte[] Write()
    {
        var writer = new ArrayBufferWriter<byte>();
        foreach (var layer in _shards)
        {
            var target = writer.GetSpan(1 + (2 * layer.Length));
            target[0] = layer.Length > 0 ? (byte)1 : (byte)0;
            for (var expert = 0; expert < layer.Length; expert++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(target[(1 + (2 * expert))..], layer[expert]);
            }

            writer.Advance(1 + (2 * layer.Length));
        }

        var bytes = new byte[HeaderBytes + writer.WrittenCount];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Shards);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Experts);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Layers);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), ExpertBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), writer.WrittenCount);
        writer.WrittenSpan.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    private static ExpertId[][] Invert(int shards, ushort[][] shardOf)
    {
        var members = new List<ExpertId>[shards];
        for (var shard = 0; shard < shards; shard++)
        {
            members[shard] = [];
        }

        for (var layer = 0; layer < shardOf.Length; layer++)
        {
            for (var expert = 0; expert < shardOf[layer].Length; expert++)
            {
                members[shardOf[layer][expert]].Add(new ExpertId(layer, expert));
            }
        }

        return Array.ConvertAll(members, list => list.ToArray());
    }

    private static PipelineException Damaged(string what) =>
        new("cluster.shard-map", $"the cluster's shard map cannot be read: {what}", "run the same version of the program on every node", FailureKind.Outside);

    /// <summary>Goes through the layers and deals out each one's experts.</summary>
    private sealed class Division(int shards, int experts, RoutingStatistics? load)
    {
        private readonly double[] _loads = new double[shards];
        private int _next;

        public ushort[] Layer(int layer)
        {
            // Each shard takes experts / shards of the layer; those left over go to the shards whose turn it is, so that in all
            // layers together shards differ by at most one.
            var room = new int[shards];
            Array.Fill(room, experts / shards);
            var first = _next;
            for (var i = 0; i < experts % shards; i++)
            {
                room[(_next + i) % shards]++;
            }

            _next = (_next + (experts % shards)) % shards;
            return Deal(layer, room, first);
        }

        /// <summary>Hottest first, each to the shard that has the least of this layer's load (Graham's rule), then of all.</summary>
        private ushort[] Deal(int layer, int[] room, int first)
        {
            var total = (double)Enumerable.Range(0, experts).Sum(expert => load?[new ExpertId(layer, expert)] ?? 0);
            double Share(int expert) => total > 0 ? load![new ExpertId(layer, expert)] / total : 1.0 / experts;

            var layerLoads = new double[shards];
            var shardOf = new ushort[experts];
            foreach (var expert in Enumerable.Range(0, experts).OrderByDescending(Share))
            {
                var shard = Enumerable.Range(0, shards).Select(i => (first + i) % shards).Where(i => room[i] > 0)
                    .OrderBy(i => layerLoads[i]).ThenBy(i => _loads[i]).First();
                shardOf[expert] = (ushort)shard;
                room[shard]--;
                layerLoads[shard] += Share(expert);
                _loads[shard] += Share(expert);
            }

            return shardOf;
        }
    }
}
