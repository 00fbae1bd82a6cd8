using System.Runtime.CompilerServices;
using Pipeline.Commands;
using Pipeline.Engine.Configuration;
using Pipeline.Kernels;

namespace Pipeline.Composition;

/// <summary>A device by name, and why it is that one.</summary>
internal sealed record DeviceChoice(string Name, string Why);

/// <summary>The devices that the settings name.</summary>
internal static class DeviceFactory
{
    public const string Cpu = "cpu";
    private const string Auto = "auto";

    /// <exception cref="SettingsException">No device can have that name, or one is named twice.</exception>
    public static void Validate(DeviceOptions options)
    {
        var names = options.Names;
        if (names.FirstOrDefault(name => name is not (Auto or Cpu) && !IlgpuDevices.IsName(name)) is { } unknown)
        {
            throw new SettingsException(
                $"pipeline.device.device = {options.Device}: there is no such device{(names.Count > 1 ? $" as {unknown}" : "")}",
                "devices: auto, cpu, cuda:N, opencl:N, simulator, or several such as cuda:0,cuda:1; the command devices lists this machine's");
        }

        if (names.Count > 1 && names.Contains(Auto))
        {
            throw new SettingsException($"pipeline.device.device = {options.Device}: {Auto} stands alone", "name the devices, or only auto");
        }

        // Each simulator is a device of its own; another device would hold the model twice for nothing.
        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1 && same.Key != IlgpuDevices.Simulator) is { } twice)
        {
            throw new SettingsException($"pipeline.device.device = {options.Device}: names {twice.Key} twice", "name each device once");
        }
    }

    /// <summary>The device of a command that computes on one.</summary>
    /// <exception cref="UsageException">The settings name several.</exception>
    public static string OnlyName(DeviceOptions options, string what) => options.Names is [var only]
        ? only
        : throw new UsageException($"--device {options.Device}: {what} computes on one device", "name one; for several, start it once for each");

    /// <summary>Which device computes. Where no NVIDIA driver is, this looks at one file.</summary>
    public static DeviceChoice Choose(string name)
    {
        if (name != Auto)
        {
            return new DeviceChoice(name, "named by the settings");
        }

        return IlgpuDevices.ListCuda() is [var first, ..]
            ? first.Refused is null ? new DeviceChoice(first.Name, "the first CUDA device") : new DeviceChoice(Cpu, $"{first.Name} is refused: {first.Refused}")
            : new DeviceChoice(Cpu, "no CUDA device is here");
    }

    /// <summary>Makes the device on the calling thread, its owner from then on.</summary>
    /// <param name="name">As the settings have it.</param>
    /// <param name="graphs">As the settings have it.</param>
    /// <param name="team">Who computes on the CPU.</param>
    /// <param name="needed">Bytes that the run will ask of a device with memory of its own.</param>
    /// <param name="note">Is told when the device that <c>auto</c> chose cannot be used, so that the CPU computes.</param>
    /// <exception cref="PipelineException">The device that the settings name cannot be used; says why.</exception>
    public static IDevice Create(string name, int graphs, CpuTeam team, Func<long> needed, Action<string> note)
    {
        var choice = Choose(name);
        if (choice.Name == Cpu)
        {
            return new PortableDevice(team);
        }

        var bytes = needed();
        try
        {
            return Open(choice.Name, graphs, bytes);
        }
        catch (PipelineException failure) when (name == Auto)
        {
            note($"{failure.Message}; the CPU computes");
            return new PortableDevice(team);
        }
    }

    /// <remarks>A method of its own, and not by the device's own type: a run on the CPU never loads ILGPU.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IDevice Open(string name, int graphs, long needed)
    {
        var device = IlgpuDevices.Open(name, graphs);
        if (needed <= device.MemoryBytes)
        {
            return device;
        }

        var (description, free) = (device.Description, device.MemoryBytes);
        device.Dispose();
        throw new PipelineException(
            "device.memory",
            $"{description}: the model needs {needed:N0} bytes, {free:N0} are free",
            "lower pipeline.decoder.kv-bytes or pipeline.engine.prefill-rows, or take a device with more memory");
    }
}
