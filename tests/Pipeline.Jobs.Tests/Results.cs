using Pipeline.Engine.Decoding;

namespace Pipeline.Jobs.Tests;

/// <summary>Results as a run makes them.</summary>
internal static class Results
{
    public static CaptionInput Input(int index) => new(index, $"clip-{index}.mp4", $"/clips/clip-{index}.mp4", $"clip-{index}");

    public static Caption Caption(int index) => new(
        index, $"clip-{index}.mp4", CaptionKind.Video, TimeSpan.Zero, TimeSpan.FromSeconds(2), "Describe the video.", "a cat",
        [new TokenLogprob(7, "a", -0.5f), new TokenLogprob(8, " cat", 0)], -0.25,
        FinishReason.Stop, false, "tiny-scout", TimeSpan.FromMilliseconds(125));

    public static CaptionFailed Failed(int index) => CaptionFailed.From(
        Input(index), new PipelineException("media.no-video", $"/clips/clip-{index}.mp4: no video stream (audio only)", "name a video"));
}
