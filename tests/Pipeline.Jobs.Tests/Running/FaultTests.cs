using System.Diagnostics;
using Pipeline.Engine;

namespace Pipeline.Jobs.Tests.Running;

/// <summary>Each actor and each media process is killed in the middle of a run: all files finish with the captions of an undisturbed run.</summary>
[Collection(TestRun.Serial)]
public sealed class FaultTests
{
    private static readonly string[] Clips =
    [
        "video-001.mp4", "video-002.mp4", "video-006.mp4", "video-012.mp4", "image-003.png", "video-016.mp4", "video-017.mp4", "video-021.mp4",
    ];

    [Theory]
    [InlineData("/user/engine-*/decoder")]
    [InlineData("/user/engine-*/vision")]
    [InlineData("/user/*/job")]
    public async Task A_killed_actor_costs_no_caption(string path)
    {
        await using var run = await TestRun.StartAsync();
        var expected = await CaptionAsync(run, kill: null);
        var begun = run.Device.Passes;

        var captions = await CaptionAsync(run, async () =>
        {
            await Eventually.IsTrue(() => run.Device.Passes > begun + 20, "the run is under way");
            Kill(run, path);
        });

        Assert.Equal(expected, captions);
    }

    [Fact]
    public async Task Killing_the_decoder_three_times_in_a_row_fails_no_file()
    {
        await using var run = await TestRun.StartAsync();
        var expected = await CaptionAsync(run, kill: null);

        var captions = await CaptionAsync(run, async () =>
        {
            for (var kill = 0; kill < 3; kill++)
            {
                var begun = run.Device.Passes;
                await Eventually.IsTrue(() => run.Device.Passes > begun + 15 && run.Engine.Decoder.Sessions > 0, "the run is under way");
                Kill(run, "/user/engine-*/decoder");
            }
        });

        Assert.Equal(expected, captions);
    }

    [Fact]
    public async Task Text_that_was_streamed_is_not_streamed_again_when_the_decoder_dies()
    {
        await using var run = await TestRun.StartAsync();
        var request = Requests.With(maxTokens: 60, ignoreEos: true);
        var undisturbed = new CollectingSink();
        await run.RunAsync([TestRun.Clip(Clips[0])], undisturbed, request);
        var expected = undisturbed.Captions.Single();

        // Each new piece of text stops the device: the decoder dies in the middle of the caption, whatever the machine is doing.
        var sink = new CollectingSink { OnText = run.Device.Close };
        var job = run.RunAsync([TestRun.Clip(Clips[0])], sink, request);
        for (var kill = 0; kill < 2; kill++)
        {
            var seen = sink.Streamed.GetValueOrDefault(0, "").Length;
            await Eventually.IsTrue(() => sink.Streamed.GetValueOrDefault(0, "").Length > seen, "text is streamed");
            Assert.InRange(sink.Streamed[0].Length, 1, expected.Length / 2);
            Kill(run, "/user/engine-*/decoder");
            run.Device.Open();
        }

        sink.OnText = () => { };
        run.Device.Open();
        await job;
        Assert.Equal(expected, sink.Streamed[0]);
        Assert.Equal(expected, sink.Captions.Single());
    }

    [Fact]
    public async Task A_killed_ffmpeg_is_started_again()
    {
        await using var run = await TestRun.StartAsync();
        var expected = await CaptionAsync(run, kill: null);

        var captions = await CaptionAsync(run, async () =>
        {
            var killed = 0;
            await Eventually.IsTrue(() => (killed += KillChildren()) >= 2, "two children were killed");
        });

        Assert.Equal(expected, captions);
    }

    [Fact]
    public async Task A_lost_device_ends_the_run_with_the_cause()
    {
        await using var run = await TestRun.StartAsync();
        run.Device.Break();

        var failure = await Assert.ThrowsAsync<DeviceLostException>(() => run.RunAsync([TestRun.Clip(Clips[0])], new CollectingSink()));

        Assert.Equal("device.lost", failure.Code);
        Assert.Contains("the device was lost", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killing_the_decoder_once_counts_once_for_windows_of_text()
    {
        await using var run = await TestRun.StartAsync();
        var request = Requests.With("What is 3 plus 4?", maxTokens: 40);
        var sink = new CollectingSink();
        var job = run.RunTextsAsync(24, sink, request);
        var begun = run.Device.Passes;
        for (var kill = 0; kill < 3; kill++)
        {
            await Eventually.IsTrue(() => job.IsCompleted || run.Device.Passes > begun + 3, "the run is under way");
            Kill(run, "/user/engine-*/decoder");
            begun = run.Device.Passes;
        }

        Assert.Equal(new JobOutcome(24, Failed: 0), await job);
        Assert.Single(sink.Captions.Distinct());
    }

    [Fact]
    public async Task One_token_each_is_enough_for_nobody_to_disturb_the_others()
    {
        await using var run = await TestRun.StartAsync();
        var sink = new CollectingSink();

        var outcome = await run.RunAsync([.. Clips.Select(TestRun.Clip)], sink, Requests.With(maxTokens: 1));

        Assert.Equal(new JobOutcome(Clips.Length, Failed: 0), outcome);
        Assert.All(sink.Results, result => Assert.Single(((Caption)result).Tokens));
    }

    private static void Kill(TestRun run, string path) => run.Engine.System.ActorSelection(path).Tell(Akka.Actor.Kill.Instance);

    private static int KillChildren()
    {
        var killed = 0;
        foreach (var status in Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                var fields = File.ReadAllText(Path.Combine(status, "stat")).Split(") ");
                if (fields[0].EndsWith("(ffmpeg", StringComparison.Ordinal) && fields[1].Split(' ')[1] == $"{Environment.ProcessId}")
                {
                    using var child = Process.GetProcessById(int.Parse(Path.GetFileName(status)));
                    child.Kill();
                    killed++;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
            {
                // A process that ended while it was looked at is not there to be killed.
            }
        }

        return killed;
    }

    private static async Task<string[]> CaptionAsync(TestRun run, Func<Task>? kill)
    {
        var sink = new CollectingSink();
        var job = run.RunAsync([.. Clips.Select(TestRun.Clip)], sink);
        if (kill is not null)
        {
            await kill();
        }

        var outcome = await job;
        Assert.Equal(new JobOutcome(Clips.Length, Failed: 0), outcome);
        return [.. sink.Captions];
    }
}
