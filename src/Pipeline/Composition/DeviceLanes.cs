using Pipeline.Engine;
using Pipeline.Engine.Running;
using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Composition;

/// <summary>The devices that the settings name, each opened, used and closed on a thread of its own.</summary>
internal sealed class DeviceLanes : IAsyncDisposable
{
    private DeviceLanes(IReadOnlyList<DeviceLane> lanes)
    {
        All = lanes;
        Failed = DeviceLane.FirstFailureAsync(lanes);
    }

    public IReadOnlyList<DeviceLane> All { get; }

    /// <summary>Done when one of them failed: finished results can be written, nothing else.</summary>
    public Task<DeviceLostException> Failed { get; }

    /// <param name="team">Threads of the CPU; outlives the devices.</param>
    /// <param name="needed">Bytes that the run asks of each device.</param>
    /// <param name="note">Is told when the device that <c>auto</c> chose cannot be used, so that the CPU computes.</param>
    /// <exception cref="PipelineException">A device cannot be used, or has too little memory; names it.</exception>
    public static async Task<DeviceLanes> StartAsync(Settings settings, CpuTeam team, Func<long> needed, Action<string> note)
    {
        var lanes = new List<DeviceLane>();
        try
        {
            foreach (var name in settings.Options.Device.Names)
            {
                lanes.Add(await DeviceLane.StartAsync(
                    () => settings.AroundDevice(DeviceFactory.Create(name, settings.Options.Device.Graphs, team, needed, note)), settings.Options.Engine.Slice));
            }
        }
        catch
        {
            await CloseAsync(lanes);
            throw;
        }

        return new DeviceLanes(lanes);
    }

    /// <summary>The devices of an engine whose experts are the same on all of them.</summary>
    public IReadOnlyList<EngineDevice> With(IExpertsFactory experts) => [.. All.Select(lane => new EngineDevice(lane, experts))];

    public ValueTask DisposeAsync() => CloseAsync(All);

    private static async ValueTask CloseAsync(IReadOnlyList<DeviceLane> lanes)
    {
        foreach (var lane in lanes)
        {
            await lane.DisposeAsync();
        }
    }
}
