using Pipeline.Checkpoints;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Shards;

/// <summary>One shard's weights: mapped from the checkpoint, then loaded on a device, layer by layer.</summary>
internal sealed class ShardWeights : IDisposable
{
    private readonly MappedExperts?[] _mapped;
    private readonly ExpertWeights?[] _loaded;
    private readonly int[][] _parts;

    /// <summary>Maps the shard's tensors; nothing is read.</summary>
    /// <exception cref="PipelineException">They cannot be mapped.</exception>
    public ShardWeights(RoutedExperts experts, ShardMap map, int shard)
    {
        Shard = shard;
        _mapped = new MappedExperts?[map.Layers];
        _loaded = new ExpertWeights?[map.Layers];
        _parts = new int[map.Layers][];
        Array.Fill(_parts, []);
        try
        {
            foreach (var layer in map.Members(shard).GroupBy(id => id.Layer))
            {
                var members = layer.Select(id => id.Expert).ToArray();
                _mapped[layer.Key] = experts.Map(layer.Key, members);
                _parts[layer.Key] = PartsOf(members, map.Experts);
                Bytes += _mapped[layer.Key]!.LoadedBytes;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Shard { get; }

    /// <summary>Bytes that the weights take when they are loaded; while they are being quantized, pages of their files come on top.</summary>
    public long Bytes { get; }

    /// <summary>Layers of which the shard has experts.</summary>
    public IEnumerable<int> Layers => Enumerable.Range(0, _mapped.Length).Where(layer => _mapped[layer] is not null);

    /// <summary>Reads everything from the disk, once, and touches it; long, and not the device thread's work.</summary>
    /// <exception cref="PipelineException">The disk cannot give it.</exception>
    public void Fetch(CancellationToken cancellation)
    {
        foreach (var mapped in _mapped)
        {
            mapped?.Fetch(cancellation);
        }
    }

    /// <summary>Loads a layer's experts on the device; on its thread.</summary>
    /// <exception cref="PipelineException">They cannot be quantized.</exception>
    public void Load(IDevice device, int layer)
    {
        var mapped = _mapped[layer]!;
        _loaded[layer] = RoutedWeights.Load(device, mapped.Tensors);
        if (mapped.Tensors.Gate.Quantization != Quantization.None)
        {
            mapped.Dispose(); // the device has made its own
        }
    }

    /// <summary>Frees what was loaded; on the device's thread, while no batch uses it.</summary>
    public void Free(IDevice device)
    {
        foreach (ref var weights in _loaded.AsSpan())
        {
            if (weights is not null)
            {
                RoutedWeights.Free(device, weights);
                weights = null;
            }
        }
    }

    /// <summary>The shard's experts of a layer, on the device.</summary>
    public ExpertWeights Weights(int layer) => _loaded[layer]!;

    /// <summary>Which part of <see cref="Weights"/> an expert is; -1 where the shard does not have it.</summary>
    public int PartOf(int layer, int expert)
    {
        var parts = (uint)layer < (uint)_parts.Length ? _parts[layer] : [];
        return (uint)expert < (uint)parts.Length ? parts[expert] : -1;
    }

    /// <summary>Unmaps everything; nothing may be loaded any more.</summary>
    public void Dispose()
    {
        foreach (var mapped in _mapped)
        {
            mapped?.Dispose();
        }
    }

    private static int[] PartsOf(int[] members, int experts)
    {
        var parts = new int[experts];
        Array.Fill(parts, -1);
        for (var part = 0; part < members.Length; part++)
        {
            parts[members[part]] = part;
        }

        return parts;
    }
}
