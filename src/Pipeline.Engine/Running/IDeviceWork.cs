using Pipeline.Kernels;

namespace Pipeline.Engine.Running;

/// <summary>
/// Work beside a device's own runs, such as expert rows for other nodes: the device thread offers it one batch between any two
/// half layers, and again and again while its own runs wait.
/// </summary>
public interface IDeviceWork
{
    /// <summary>
    /// Runs one batch of what waits; false where nothing does. Called often on the device thread: cheap where nothing waits, and
    /// what it throws is the device's failure. Whoever adds to an empty queue calls <see cref="DeviceLane.Wake"/> afterwards.
    /// </summary>
    bool TryRun(IDevice device);
}
