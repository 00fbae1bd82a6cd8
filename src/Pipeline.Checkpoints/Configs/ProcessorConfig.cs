namespace Pipeline.Checkpoints;

/// <summary>How pictures become tiles, and which tokens stand for them.</summary>
/// <param name="TileSize">Side of a tile in pixels.</param>
/// <param name="PatchSize">Side of a patch in pixels.</param>
/// <param name="PixelShuffleRatio">1/k, where k x k patches become one visual token.</param>
/// <param name="MaxPatches">Most tiles that a picture is cut into, without the global one.</param>
/// <param name="ResizeToMaxCanvas">Whether a picture is enlarged as far as its tiles allow.</param>
/// <param name="Mean">Subtracted a channel (R, G, B), after rescaling.</param>
/// <param name="Std">Divided by a channel, after that.</param>
/// <param name="RescaleFactor">Multiplies 8-bit levels.</param>
/// <param name="VideoFrames">Frames to take of a video, where the checkpoint says.</param>
/// <param name="ImageToken">Stands for a picture in the prompt, and before its global tile.</param>
/// <param name="StartOfImageToken">Before the first tile.</param>
/// <param name="EndOfImageToken">After the last.</param>
/// <param name="PatchToken">One visual token.</param>
/// <param name="TileXSeparatorToken">Between tiles of a row.</param>
/// <param name="TileYSeparatorToken">After each row of tiles.</param>
public sealed record ProcessorConfig(
    int TileSize,
    int PatchSize,
    double PixelShuffleRatio,
    int MaxPatches,
    bool ResizeToMaxCanvas,
    IReadOnlyList<float> Mean,
    IReadOnlyList<float> Std,
    double RescaleFactor,
    int? VideoFrames,
    string ImageToken,
    string StartOfImageToken,
    string EndOfImageToken,
    string PatchToken,
    string TileXSeparatorToken,
    string TileYSeparatorToken);
