namespace Pipeline.Media;

/// <summary>How a checkpoint wants its pictures cut and normalised (processor_config.json or preprocessor_config.json).</summary>
/// <param name="TileSize">Side of a square tile in pixels.</param>
/// <param name="MaxTiles">Most tiles of a canvas, the global tile not counted; 1 for a video frame.</param>
/// <param name="ResizeToMaxCanvas">Enlarge a picture to the largest canvas, not only to the size of one tile.</param>
/// <param name="Mean">Mean by channel, red first, subtracted after rescaling.</param>
/// <param name="Std">Standard deviation by channel, divided by last.</param>
/// <param name="RescaleFactor">What an 8-bit level is multiplied by, 1/255 as a rule.</param>
public sealed record TilingOptions(
    int TileSize,
    int MaxTiles,
    bool ResizeToMaxCanvas,
    IReadOnlyList<float> Mean,
    IReadOnlyList<float> Std,
    double RescaleFactor);

/// <summary>The grid a picture is cut into. Tiles are ordered row by row; where there is more than one, the whole
/// picture squeezed into one more tile (the global tile) comes last. Sizes are in pixels.</summary>
/// <param name="Rows">Rows of tiles.</param>
/// <param name="Columns">Columns of tiles.</param>
/// <param name="Tiles">Tiles in all, the global one included.</param>
/// <param name="CanvasWidth">Columns times the tile's side.</param>
/// <param name="CanvasHeight">Rows times the tile's side.</param>
/// <param name="ResizedWidth">Width of the picture in the canvas's upper left corner; padding lies right of it.</param>
/// <param name="ResizedHeight">Height of the picture in the canvas; padding lies below.</param>
public sealed record TileLayout(
    int Rows,
    int Columns,
    int Tiles,
    int CanvasWidth,
    int CanvasHeight,
    int ResizedWidth,
    int ResizedHeight);
