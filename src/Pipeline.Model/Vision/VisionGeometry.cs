using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model;

/// <summary>Counts that follow from a vision config.</summary>
internal static class VisionGeometry
{
    public static TileShape Tile(this VisionConfig config) => new(config.Channels, config.ImageSize, config.PatchSize);

    /// <summary>Rows of a tile: its patches and its class token.</summary>
    public static int Positions(this VisionConfig config) => config.PatchesPerTile + 1;
}
