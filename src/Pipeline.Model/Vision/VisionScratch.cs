using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Buffers of one vision pass, for at most <c>tiles</c> tiles. A position is a patch or the class token.</summary>
internal sealed class VisionScratch
{
    public VisionScratch(VisionConfig config, int hiddenSize, int tiles, AllocateBuffer allocate)
    {
        var tile = config.Tile();
        var side = config.ShuffleFactor;
        var positions = tiles * config.Positions();
        var tokens = tiles * config.TokensPerTile;
        Pixels = allocate("pixels", tiles, tile.TileElements);
        Patches = allocate("patches", tiles * tile.Patches, tile.PatchElements);
        Embedded = allocate("embedded patches", tiles * tile.Patches, config.HiddenSize);
        Hidden = allocate("vision hidden", positions, config.HiddenSize);
        Normed = allocate("vision normed", positions, config.HiddenSize);
        Query = allocate("vision query", positions, config.HiddenSize);
        Key = allocate("vision key", positions, config.HiddenSize);
        Value = allocate("vision value", positions, config.HiddenSize);
        Attended = allocate("vision attended", positions, config.HiddenSize);
        Inner = allocate("vision inner", positions, config.IntermediateSize);
        Shuffled = allocate("shuffled", tokens, config.HiddenSize * side * side);
        AdapterInner = allocate("adapter inner", tokens, config.ProjectorInputSize);
        Features = allocate("features", tokens, config.ProjectorOutputSize);
        Visual = allocate("visual tokens", tokens, hiddenSize);
    }

    /// <summary>[tiles, channels * size * size].</summary>
    public DeviceBuffer Pixels { get; }

    /// <summary>[tiles * patches, channels * patch * patch].</summary>
    public DeviceBuffer Patches { get; }

    /// <summary>[tiles * patches, hidden].</summary>
    public DeviceBuffer Embedded { get; }

    /// <summary>The residual stream [tiles * positions, hidden].</summary>
    public DeviceBuffer Hidden { get; }

    /// <summary>[tiles * positions, hidden].</summary>
    public DeviceBuffer Normed { get; }

    /// <summary>[tiles * positions, hidden].</summary>
    public DeviceBuffer Query { get; }

    /// <summary>[tiles * positions, hidden].</summary>
    public DeviceBuffer Key { get; }

    /// <summary>[tiles * positions, hidden].</summary>
    public DeviceBuffer Value { get; }

    /// <summary>[tiles * positions, hidden].</summary>
    public DeviceBuffer Attended { get; }

    /// <summary>[tiles * positions, intermediate].</summary>
    public DeviceBuffer Inner { get; }

    /// <summary>[tiles * tokens, hidden * side * side].</summary>
    public DeviceBuffer Shuffled { get; }

    /// <summary>[tiles * tokens, projector input].</summary>
    public DeviceBuffer AdapterInner { get; }

    /// <summary>[tiles * tokens, projector output].</summary>
    public DeviceBuffer Features { get; }

    /// <summary>[tiles * tokens, hidden of the language model].</summary>
    public DeviceBuffer Visual { get; }
}
