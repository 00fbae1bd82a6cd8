using Pipeline.Kernels;

namespace Pipeline.Engine.Running;

/// <summary>
/// A device and the one thread that calls it, for all who share them: an engine's runs, expert rows for other nodes, and whoever
/// loads or frees weights. What is made on the device is the maker's until the lane is disposed, after all of them.
/// </summary>
public sealed class DeviceLane : IAsyncDisposable
{
    private DeviceLane(DeviceThread thread) => Thread = thread;

    /// <summary>Done, with the cause, when the device failed: finished results can be written, nothing else.</summary>
    public Task<DeviceLostException> Failed => Thread.Failed;

    internal DeviceThread Thread { get; }

    /// <param name="createDevice">Makes the device; called on its thread.</param>
    /// <param name="slice">What prefill and vision together get between two decode steps.</param>
    public static async Task<DeviceLane> StartAsync(Func<IDevice> createDevice, TimeSpan slice)
    {
        var thread = new DeviceThread(createDevice, slice);
        await thread.Ready;
        return new DeviceLane(thread);
    }

    /// <summary>The first failure of any of them.</summary>
    public static async Task<DeviceLostException> FirstFailureAsync(IEnumerable<DeviceLane> lanes) =>
        await await Task.WhenAny(lanes.Select(lane => lane.Failed));

    /// <summary>Runs a function between two half layers; keep it short where an engine decodes beside. What it throws is the caller's alone.</summary>
    /// <exception cref="DeviceLostException">The device failed before its turn came.</exception>
    public async Task<T> Post<T>(Func<IDevice, T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread.Post(device =>
        {
            try
            {
                result.SetResult(function(device));
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        await Task.WhenAny(result.Task, Thread.Ended);
        if (!result.Task.IsCompleted)
        {
            throw Failed.IsCompleted ? await Failed : new ObjectDisposedException(nameof(DeviceLane));
        }

        return await result.Task;
    }

    /// <summary>Offers the device to this work from now on.</summary>
    public void Serve(IDeviceWork work) => Thread.Serve(work);

    /// <summary>Work, or experts that a run waits for, may be ready. From any thread, at any time; a spurious one costs a look.</summary>
    public void Wake() => Thread.Wake();

    public async ValueTask DisposeAsync()
    {
        Thread.Stop();
        await Thread.Ended;
    }
}
