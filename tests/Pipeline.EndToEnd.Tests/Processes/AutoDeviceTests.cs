using Pipeline.EndToEnd.Tests.Cluster;
using Pipeline.Kernels;

namespace Pipeline.EndToEnd.Tests.Processes;

/// <summary>A fact about machines without a GPU that a driver is there for.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WithoutGpuFactAttribute : FactAttribute
{
    public WithoutGpuFactAttribute() => Skip = IlgpuDevices.ListCuda().Count == 0 ? null! : "a CUDA device is here, which auto asks";
}

/// <summary><c>--device auto</c> costs nothing where there is no GPU: what it would take is not even loaded.</summary>
public sealed class AutoDeviceTests
{
    private const string Ilgpu = "/ILGPU.dll";
    private static readonly string[] s_clips = ["tests/data/eval/video-000.mp4", "tests/data/eval/video-001.mp4"];

    [WithoutGpuFact]
    public async Task Without_a_GPU_auto_does_not_load_ILGPU()
    {
        using var run = CaptionProcess.Start([.. s_clips, "--device", "auto", "--concurrency", "1"]);
        await run.HasAsync(results: 1);

        Assert.NotEqual(default, MemoryMap.Of("/Pipeline.Kernels.dll", run.Id));
        Assert.Equal(default, MemoryMap.Of(Ilgpu, run.Id));
        Assert.Equal(0, (await run.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task A_run_on_ILGPU_shows_it_among_its_files()
    {
        using var run = CaptionProcess.Start([s_clips[0], "--device", "simulator"]);

        await Eventually.IsTrue(() => MemoryMap.Of(Ilgpu, run.Id) != default, "ILGPU is loaded");
    }
}
