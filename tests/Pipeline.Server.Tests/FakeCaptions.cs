using Pipeline.Engine.Decoding;
using Pipeline.Jobs;

namespace Pipeline.Server.Tests;

/// <summary>Captions with what a test says, and keeps what it was asked.</summary>
internal sealed class FakeCaptions : ICaptionService
{
    private readonly Func<CaptionUpload, CancellationToken, Task<CaptionResult>> _answer;

    public FakeCaptions(Func<CaptionUpload, CancellationToken, Task<CaptionResult>> answer)
    {
        _answer = answer;
    }

    /// <summary>What was asked last, with the bytes that its file held.</summary>
    public (CaptionUpload Upload, byte[] Bytes)? Asked { get; private set; }

    public static CaptionResult Caption { get; } = new Caption(
        0, "upload", CaptionKind.Video, TimeSpan.Zero, TimeSpan.FromSeconds(2), "What is it?", "a cat", [new TokenLogprob(7, "a", -0.5f), new TokenLogprob(8, " cat", 0)],
        -0.25, FinishReason.Stop, Truncated: false, "tiny-scout", TimeSpan.FromMilliseconds(125));

    public static FakeCaptions Answering(CaptionResult result) => new((_, _) => Task.FromResult(result));

    public static FakeCaptions Failing(PipelineException failure) =>
        Answering(CaptionFailed.From(new CaptionInput(0, "upload", Path: null, "upload"), failure));

    public async Task<CaptionResult> CaptionAsync(CaptionUpload upload, CancellationToken cancellation)
    {
        Asked = (upload, await File.ReadAllBytesAsync(upload.Path, cancellation));
        return await _answer(upload, cancellation);
    }
}
