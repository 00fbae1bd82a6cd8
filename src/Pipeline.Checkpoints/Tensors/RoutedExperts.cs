using System.Buffers;

namespace Pipeline.Checkpoints;

/// <summary>The routed experts of a checkpoint, to be mapped a few at a time: for who computes some of them and nothing else.</summary>
public sealed class RoutedExperts
{
    private readonly IReadOnlyList<ExpertLayout?> _layouts;

    internal RoutedExperts(IReadOnlyList<ExpertLayout?> layouts) => _layouts = layouts;

    /// <summary>Stored bytes of the largest expert; 0 where there is none. Layers may be of different formats.</summary>
    public long ExpertBytes => _layouts.Max(layout => layout?.ExpertBytes ?? 0);

    /// <summary>Maps some experts of a layer; nothing is read.</summary>
    /// <param name="layer">A layer that has experts.</param>
    /// <param name="experts">Part i of the weights is expert <c>experts[i]</c>.</param>
    /// <exception cref="PipelineException">They cannot be mapped.</exception>
    public MappedExperts Map(int layer, IReadOnlyList<int> experts) =>
        new(_layouts[layer] ?? throw new ArgumentException($"Layer {layer} has no experts.", nameof(layer)), experts);
}

/// <summary>Some experts of one layer in memory; disposing it unmaps them.</summary>
public sealed class MappedExperts : IDisposable
{
    private const int ReadBytes = 1 << 20;

    private readonly List<MappedRange> _ranges = [];

    internal MappedExperts(ExpertLayout layout, IReadOnlyList<int> experts)
    {
        try
        {
            Tensors = layout.Some(experts, Place, this);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public RoutedTensors Tensors { get; }

    /// <summary>Bytes that are mapped.</summary>
    public long Bytes => _ranges.Sum(range => range.Bytes);

    /// <summary>Bytes that they take on a device.</summary>
    public long LoadedBytes => Tensors.Gate.LoadedBytes + Tensors.Up.LoadedBytes + Tensors.Down.LoadedBytes;

    /// <summary>Reads everything from the disk and touches its pages, so that later use neither waits for the disk nor faults.</summary>
    /// <exception cref="PipelineException">The disk cannot give it; the message names the file.</exception>
    public void Fetch(CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            foreach (var range in _ranges)
            {
                range.Fetch(buffer, cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _ranges.ForEach(range => range.Dispose());

    private nint Place(ClaimedTensor tensor, long start, long bytes)
    {
        var range = tensor.Tensor!.Map(start, bytes);
        _ranges.Add(range);
        return range.Address;
    }
}
