using System.Runtime.CompilerServices;
using Pipeline.Engine.Configuration;
using Pipeline.Kernels;

namespace Pipeline.Composition;

/// <summary>A device by name, and why it is that one.</summary>
internal sealed record DeviceChoice(string Name, string Why);

/// <summary>The device that the settings name.</summary>
internal static class DeviceFactory
{
    public const string Cpu = "cpu";
    private const string Auto = "auto";

    /// <exception cref="SettingsException">No device can have that name.</exception>
    public static void Validate(DeviceOptions options)
    {
        if (options.Device is not (Auto or Cpu) && !IlgpuDevices.IsName(options.Device))
        {
            throw new SettingsException(
                $"pipeline.device.device = {options.Device}: there is no such device",
                "devices: auto, cpu, cuda:N, opencl:N, simulator; the command devices lists this machine's");
        }
    }

    /// <summary>Which device computes. Where no NVIDIA driver is, this looks at one file.</summary>
    public static DeviceChoice Choose(DeviceOptions options)
    {
        if (options.Device != Auto)
        {
            return new DeviceChoice(options.Device, "named by the settings");
        }

        return IlgpuDevices.ListCuda() is [var first, ..]
            ? first.Refused is null ? new DeviceChoice(first.Name, "the first CUDA device") : new DeviceChoice(Cpu, $"{first.Name} is refused: {first.Refused}")
            : new DeviceChoice(Cpu, "no CUDA device is here");
    }

    /// <summary>What a device's results depend on in their last bits.</summary>
    public static string InstructionPathOf(IDevice device) =>
        device is PortableDevice ? $"portable-{OptionsBinder.KeyOf(InstructionPaths.Best.ToString())}" : device.Description;

    /// <summary>Makes the device on the calling thread, its owner from then on.</summary>
    /// <param name="team">Who computes on the CPU.</param>
    /// <param name="needed">Bytes that the run will ask of a device with memory of its own.</param>
    /// <param name="note">Is told when the device that <c>auto</c> chose cannot be used, so that the CPU computes.</param>
    /// <exception cref="PipelineException">The device that the settings name cannot be used; says why.</exception>
    public static IDevice Create(DeviceOptions options, CpuTeam team, Func<long> needed, Action<string> note)
    {
        var choice = Choose(options);
        if (choice.Name == Cpu)
        {
            return new PortableDevice(team);
        }

        var bytes = needed();
        try
        {
            return Open(choice.Name, bytes);
        }
        catch (PipelineException failure) when (options.Device == Auto)
        {
            note($"{failure.Message}; the CPU computes");
            return new PortableDevice(team);
        }
    }

    /// <remarks>A method of its own, and not by the device's own type: a run on the CPU never loads ILGPU.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IDevice Open(string name, long needed)
    {
        var device = IlgpuDevices.Open(name);
        if (needed <= device.FreeBytes)
        {
            return device;
        }

        var (description, free) = (device.Description, device.FreeBytes);
        device.Dispose();
        throw new PipelineException(
            "device.memory",
            $"{description}: the model needs {needed:N0} bytes, {free:N0} are free",
            "lower pipeline.decoder.kv-bytes or pipeline.engine.prefill-rows, or take a device with more memory");
    }
}
