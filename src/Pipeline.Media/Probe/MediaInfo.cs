namespace Pipeline.Media;

/// <summary>What the probe found in a file; all that reading its frames needs.</summary>
public sealed record MediaInfo
{
    internal MediaInfo(MediaSource source, VideoStream stream, PacketList packets)
    {
        Source = source;
        Stream = stream;
        Packets = packets;
    }

    /// <summary>The path as the caller gave it, with which messages start.</summary>
    public string Path => Source.GivenPath;

    public required MediaKind Kind { get; init; }

    /// <summary>Width in pixels as shown: upright, square pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height in pixels as shown.</summary>
    public required int Height { get; init; }

    /// <summary>Presentation time of the first frame, as the file counts.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>Length of the video; zero for a picture or where the file does not tell.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Number of frames, an estimate: not all need decode; 0 where the file does not tell.</summary>
    public long FrameCount { get; init; }

    internal MediaSource Source { get; }

    internal VideoStream Stream { get; }

    internal PacketList Packets { get; }

    internal Orientation Orientation { get; init; } = Orientation.Upright;

    /// <summary>Whether the file holds less than it announces; reading may find out more.</summary>
    internal bool IsCutShort { get; init; }
}
