using Pipeline.Kernels;

namespace Pipeline.EndToEnd.Tests.Captions;

/// <summary>Devices that fail under a run: what is finished is written, the process ends with code 3, and the message names the device and what to do.</summary>
public sealed class DeviceFaultTests
{
    private const string Rabbit = "tests/data/eval/video-000.mp4";
    private const string RabbitLine = Rabbit + "\tA rabbit moves up on a red background.\n";
    private const string Bee = "tests/data/eval/video-001.mp4";
    private const string BeeLine = Bee + "\tA bee appears while a plane moves right on a purple background.\n";

    public static TheoryData<string, string, Exception, string> Faults => new()
    {
        {
            "out of memory at a copy to the device", nameof(IDevice.Upload),
            new PipelineException("device.memory", "scratch takes 5,120 bytes, 1,024 are free", "take a smaller pipeline.decoder.kv-bytes"),
            "scratch takes 5,120 bytes, 1,024 are free\nhint: finished results are kept; take a smaller pipeline.decoder.kv-bytes\n"
        },
        {
            "an error that sticks, at a kernel", nameof(IDevice.Product), new InvalidOperationException("an illegal memory access"),
            "an illegal memory access\nhint: finished results are kept; start again, and if it fails again check the device, its driver and its memory\n"
        },
        {
            "a lost device, at a copy to the host", nameof(IDevice.Read),
            new PipelineException("device.failed", "the device is lost", "check the device's driver and its log", FailureKind.Outside),
            "the device is lost\nhint: finished results are kept; check the device's driver and its log\n"
        },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_failed_device_ends_the_run_after_what_is_finished(string name, string operation, Exception failure, string told)
    {
        Assert.NotEmpty(name);
        GatedDevice? device = null;
        var result = await Cli.RunAsync(
            ["caption", Rabbit, Bee, Rabbit, "--concurrency", "1", "--device", "cpu", "--quiet"],
            SharedData.Root,
            aroundDevice: inner => device = new GatedDevice(inner),
            onOutput: () => device!.Break(operation, failure)); // the first caption is written, the next is not begun or not far

        Assert.Equal(new CliResult(3, RabbitLine, $"error: the device {device!.Description}: {told}"), result);
    }

    [Fact]
    public async Task Of_several_devices_the_failed_one_is_named()
    {
        var result = await Cli.RunAsync(
            ["caption", Rabbit, Bee, "--device", "cpu,simulator", "--quiet"], SharedData.Root, aroundDevice: inner =>
            {
                var device = new GatedDevice(inner);
                if (inner is IlgpuDevice)
                {
                    device.Break(nameof(IDevice.Unfold), new InvalidOperationException("lost"));
                }

                return device;
            });

        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith("error: the device simulator, plain kernels: lost\nhint: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_devices_share_the_clips_and_the_lines_keep_their_order()
    {
        var devices = new List<GatedDevice>();
        var result = await Cli.RunAsync(["caption", Rabbit, Bee, "--device", "cpu,simulator", "--quiet"], SharedData.Root, aroundDevice: inner =>
        {
            devices.Add(new GatedDevice(inner));
            return devices[^1];
        });

        Assert.Equal(new CliResult(0, RabbitLine + BeeLine, ""), result);
        Assert.Equal(2, devices.Count);
        Assert.All(devices, device => Assert.NotEqual(0, device.Passes));
    }
}
