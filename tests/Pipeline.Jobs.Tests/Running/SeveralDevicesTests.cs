using Pipeline.Engine;

namespace Pipeline.Jobs.Tests.Running;

/// <summary>A run over several devices, each with the model, its thread and its actors.</summary>
[Collection(TestRun.Serial)]
public sealed class SeveralDevicesTests
{
    private static readonly string[] Clips =
    [
        "video-001.mp4", "image-003.png", "video-006.mp4", "video-012.mp4",
    ];

    [Fact]
    public async Task Windows_are_spread_and_their_results_come_in_order_as_from_one()
    {
        var (expected, sink) = (new CollectingSink(), new CollectingSink());
        await using (var one = await TestRun.StartAsync())
        {
            await one.RunAsync([.. Clips.Select(TestRun.Clip)], expected);
        }

        await using var several = await TestRun.StartAsync(devices: 2);
        Assert.Equal(new JobOutcome(Clips.Length, Failed: 0), await several.RunAsync([.. Clips.Select(TestRun.Clip)], sink));
        Assert.Equal(expected.Captions, sink.Captions);
        Assert.Equal(Enumerable.Range(0, Clips.Length), sink.Results.Select(result => result.Index));
        Assert.All(several.Devices, device => Assert.NotEqual(0, device.Passes));
    }

    [Fact]
    public async Task A_device_that_is_busy_gets_no_more_windows_and_holds_up_no_others()
    {
        await using var run = await TestRun.StartAsync(devices: 2, "pipeline.jobs.windows-in-flight = 4");
        var (sink, request) = (new CollectingSink(), Requests.With("What is 3 plus 4?"));
        await run.RunTextsAsync(1, new CollectingSink(), request);
        var (tokens, passes) = (run.Engine.Decoder.Tokens, run.Devices[0].Passes);
        run.Devices[0].Close();
        var job = run.RunTextsAsync(12, sink, request);

        // Two of the first four windows lie on the closed device; the other one computes all the rest.
        await Eventually.IsTrue(() => run.Engine.Decoder.Tokens == tokens * (1 + 10), "all windows but those of the closed device are done");
        Assert.Equal(passes + 1, run.Devices[0].Passes);
        run.Devices[0].Open();

        Assert.Equal(new JobOutcome(12, Failed: 0), await job);
        Assert.Single(sink.Captions.Distinct());
    }

    [Fact]
    public async Task One_lost_device_ends_the_run_by_name()
    {
        await using var run = await TestRun.StartAsync(devices: 2);
        run.Devices[1].Break("Product", new InvalidOperationException("an error that sticks"));

        var failure = await Assert.ThrowsAsync<DeviceLostException>(() => run.RunAsync([.. Clips.Select(TestRun.Clip)], new CollectingSink()));

        Assert.StartsWith($"the device {run.Devices[1].Description}: an error that sticks", failure.Message, StringComparison.Ordinal);
    }
}
