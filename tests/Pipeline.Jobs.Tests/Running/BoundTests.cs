using Pipeline.Media;

namespace Pipeline.Jobs.Tests.Running;

/// <summary>
/// Each bound in a run in which it is the tightest and the stage after it is stopped: it is reached, none is exceeded, and all is
/// captioned when the stage is let go.
/// </summary>
[Collection(TestRun.Serial)]
public sealed class BoundTests
{
    private static readonly string[] Clips =
    [
        "video-001.mp4", "video-002.mp4", "video-006.mp4", "video-012.mp4", "video-016.mp4", "video-017.mp4", "video-021.mp4", "video-025.mp4",
    ];

    [Fact]
    public Task Frames_in_flight() => CheckDevice(
        _ => MediaMeters.FramesAlive == 3,
        _ => Assert.Equal(3, MediaMeters.PeakFramesAlive),
        "pipeline.media.frames-in-flight = 3",
        "pipeline.engine.media-processes = 8");

    [Fact]
    public Task Tokens_waiting() => CheckDevice(
        run => run.Engine.TokensWaiting.InUse == 96,
        run => Assert.Equal(96, run.Engine.TokensWaiting.Peak),
        "pipeline.vision.tokens-waiting = 96",
        "pipeline.engine.media-processes = 8");

    [Fact]
    public Task Sessions() => CheckDevice(
        run => run.Engine.Decoder is { Sessions: 2, Waiting: > 0 },
        run => Assert.Equal(2, run.Engine.Decoder.PeakSessions),
        "pipeline.decoder.sessions = 2");

    /// <summary>A session of 172 prompt tokens and 64 to generate takes 8 pages of 32 in each of two pools; the memory holds 20 of both.</summary>
    [Fact]
    public Task Kv_bytes() => CheckDevice(
        run => run.Engine.Decoder is { Pages: 32, Waiting: > 0 },
        run => Assert.Equal(32, run.Engine.Decoder.PeakPages),
        $"pipeline.decoder.kv-bytes = {20 * 32 * 6 * 2 * 2 * 32 * sizeof(float)}");

    [Fact]
    public Task Windows_in_flight() => CheckDevice(
        run => run.Progress!.InFlight == 3,
        run => Assert.Equal(3, run.Progress!.PeakInFlight),
        "pipeline.jobs.windows-in-flight = 3");

    [Fact]
    public async Task Results_waiting()
    {
        await using var run = await TestRun.StartAsync();
        var sink = new CollectingSink(held: true);
        var job = run.RunAsync([.. Clips.Select(TestRun.Clip)], sink, resultsWaiting: 3);

        await Eventually.IsTrue(() => run.Progress is { PeakAhead: 3, InFlight: 0 }, "three results wait to be written");
        sink.Release();

        Assert.Equal(new JobOutcome(Clips.Length, Failed: 0), await job);
        Assert.Equal(3, run.Progress!.PeakAhead);
    }

    private static async Task CheckDevice(Func<TestRun, bool> isReached, Action<TestRun> check, params string[] settings)
    {
        await using var run = await TestRun.StartAsync(settings);
        MediaMeters.ResetPeak();
        run.Device.Close();
        var job = run.RunAsync([.. Clips.Select(TestRun.Clip)], new CollectingSink());

        await Eventually.IsTrue(() => isReached(run), "the bound is reached");
        run.Device.Open();

        Assert.Equal(new JobOutcome(Clips.Length, Failed: 0), await job);
        check(run);
        Assert.InRange(MediaMeters.PeakFramesAlive, 1, run.FramesInFlight);
        Assert.InRange(run.Engine.TokensWaiting.Peak, 0, run.Engine.TokensWaiting.Capacity);
        Assert.InRange(run.Progress!.PeakInFlight, 0, run.Jobs.WindowsInFlight);
    }
}
