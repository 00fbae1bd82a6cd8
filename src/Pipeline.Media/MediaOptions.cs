using System.ComponentModel.DataAnnotations;

namespace Pipeline.Media;

/// <summary>The block <c>pipeline.media</c>; hocon/reference/media.conf gives units and reasons.</summary>
public sealed record MediaOptions(
    string Ffmpeg,
    string Ffprobe,
    [property: Range(1, 4096)] int FramesInFlight,
    [property: Range(1, 700_000_000)] long MaxPixels,
    TimeSpan ChildTimeout,
    [property: Range(1, 64)] int ChildThreads,
    [property: Range(16, 1_000_000)] int ProbePackets);
