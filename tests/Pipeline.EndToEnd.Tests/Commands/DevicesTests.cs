using Pipeline.Kernels;

namespace Pipeline.EndToEnd.Tests.Commands;

public sealed class DevicesTests
{
    private const string Rabbit = "tests/data/eval/video-000.mp4";

    [Fact]
    public async Task Every_device_is_listed_with_what_is_refused_and_what_is_chosen()
    {
        var result = await Cli.RunAsync("devices", "--threads", "1");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches("^cpu +1 thread, ", result.Output);
        foreach (var device in IlgpuDevices.List())
        {
            Assert.Contains($"{device.Name}  ", result.Output, StringComparison.Ordinal);
            Assert.Contains(device.Refused ?? device.Driver, result.Output, StringComparison.Ordinal);
        }

        var chosen = IlgpuDevices.ListCuda().Count == 0 ? "cpu: no CUDA device is here" : "";
        Assert.Matches($"\nchosen +{chosen}", result.Output);
    }

    [Fact]
    public async Task A_device_that_is_not_here_is_named()
    {
        var result = await Cli.RunAsync("caption", Rabbit, "--device", "cuda:99", "--quiet");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("error: device cuda:99: there is no such device on this machine\nhint: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_device_of_a_list_must_have_the_memory()
    {
        var result = await Cli.RunAsync("caption", Rabbit, "--device", "cpu,simulator", "--set", "pipeline.decoder.kv-bytes=4TiB", "--quiet");

        Assert.Equal((3, ""), (result.ExitCode, result.Output));
        Assert.Matches("^error: simulator, plain kernels: the model needs 4,398,[0-9,]+ bytes, [0-9,]+ are free\nhint: lower pipeline.decoder.kv-bytes", result.Error);
    }

    [Theory]
    [InlineData("verify", "verify", "--reference", "README.md")]
    [InlineData("bench", "bench")]
    [InlineData("a node that holds experts", "node", "--role", "engine,expert")]
    public async Task What_computes_on_one_device_refuses_a_list(string what, params string[] command)
    {
        var result = await Cli.RunAsync([.. command, "--device", "cpu,simulator"]);

        Assert.Equal(
            new CliResult(2, "", $"error: --device cpu,simulator: {what} computes on one device\nhint: name one; for several, start it once for each\n"), result);
    }

    [Fact]
    public async Task A_clip_has_the_same_caption_by_GPU_kernels_in_the_simulator() =>
        Assert.Equal(
            new CliResult(0, "A rabbit moves up on a red background.\n", ""),
            await Cli.RunAsync("caption", Rabbit, "--device", "simulator", "--quiet"));
}
