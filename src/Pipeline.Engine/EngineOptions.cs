using System.ComponentModel.DataAnnotations;
using Pipeline.Media;

namespace Pipeline.Engine;

/// <summary>What an engine is built from.</summary>
public sealed record EngineSettings(EngineOptions Engine, VisionOptions Vision, DecoderOptions Decoder, MediaOptions Media);

/// <summary>The block <c>pipeline.engine</c>.</summary>
public sealed record EngineOptions(
    TimeSpan Slice,
    [property: Range(1, 65536)] int PrefillRows,
    [property: Range(0, 1024)] int MediaProcesses);

/// <summary>The block <c>pipeline.vision</c>.</summary>
public sealed record VisionOptions(
    [property: Range(1, 4096)] int BatchTiles,
    [property: Range(1, int.MaxValue)] int TokensWaiting);

/// <summary>The block <c>pipeline.decoder</c>.</summary>
public sealed record DecoderOptions(
    [property: Range(1, 4096)] int Sessions,
    [property: Range(1, long.MaxValue)] long KvBytes,
    [property: Range(1, 4096)] int PageTokens);
