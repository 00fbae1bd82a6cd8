using System.Globalization;
using System.Text;
using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Kernels;
using Pipeline.Terminal;

namespace Pipeline.Commands;

/// <summary><c>devices</c></summary>
internal static class DevicesCommand
{
    public static PipelineCommand Create(Surroundings surroundings)
    {
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "devices",
            "Lists what can compute here, and which device would. Names, memory and drivers, and what is refused and why.",
            "[OPTIONS]",
            "pipeline devices",
            common.EngineAlone);
        command.SetAction((parsed, _) =>
        {
            var options = Settings.Load(common.Arguments(parsed), model: null, surroundings).Options;
            var choices = options.Device.Names.Select(DeviceFactory.Choose);
            surroundings.Output.Write(Encoding.UTF8.GetBytes(Describe(options, choices)));
            surroundings.Output.Flush();
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static string Describe(PipelineOptions options, IEnumerable<DeviceChoice> choices)
    {
        using var team = new CpuTeam(options.Device.Threads);
        using var cpu = new PortableDevice(team);
        var table = new TextTable().Add(DeviceFactory.Cpu, cpu.Description[(DeviceFactory.Cpu.Length + 2)..]);
        foreach (var device in IlgpuDevices.List())
        {
            table.Add(
                device.Name,
                string.Create(CultureInfo.InvariantCulture, $"{device.Words}, {device.MemoryBytes / (double)(1L << 30):0.0} GiB, {device.Driver}"));
            if (device.Refused is not null)
            {
                table.Add("", $"refused: {device.Refused}");
            }
        }

        table.Gap();
        foreach (var choice in choices)
        {
            table.Add("chosen", $"{choice.Name}: {choice.Why}");
        }

        return table.ToString();
    }
}
