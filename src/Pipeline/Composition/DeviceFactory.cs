using Pipeline.Engine.Configuration;
using Pipeline.Kernels;

namespace Pipeline.Composition;

/// <summary>The device that the settings name.</summary>
internal static class DeviceFactory
{
    /// <exception cref="SettingsException">There is no device of that name.</exception>
    public static void Validate(DeviceOptions options)
    {
        if (options.Device is not ("auto" or "cpu"))
        {
            throw new SettingsException($"pipeline.device.device = {options.Device}: there is no such device", "devices: auto, cpu");
        }
    }

    public static IDevice Create(CpuTeam team) => new PortableDevice(team);
}
