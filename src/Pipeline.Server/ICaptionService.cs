using Pipeline.Jobs;

namespace Pipeline.Server;

/// <summary>Captions uploaded files.</summary>
public interface ICaptionService
{
    /// <summary>Captions one file. Cancelling ends its window.</summary>
    /// <returns>The caption, or why there is none.</returns>
    /// <exception cref="PipelineException">The engine cannot go on.</exception>
    Task<CaptionResult> CaptionAsync(CaptionUpload upload, CancellationToken cancellation);
}

/// <summary>A file to caption.</summary>
/// <param name="Path">Where it lies; it is there until its caption is made.</param>
/// <param name="Prompt">What to ask; null for the default of its kind.</param>
/// <param name="Frames">Frames of a video; null for the model's own number.</param>
public sealed record CaptionUpload(string Path, string? Prompt, int? Frames);
