namespace Pipeline.Media;

/// <summary>What a file is: this picks the default prompt and how many tiles a picture may take.</summary>
public enum MediaKind
{
    /// <summary>A picture format (PNG, JPEG, BMP, TIFF, WebP, GIF) that holds one frame.</summary>
    Image,

    /// <summary>All else that has pictures, even with one frame.</summary>
    Video,
}
