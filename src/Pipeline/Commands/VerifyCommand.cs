using System.CommandLine;
using System.Globalization;
using System.Text;
using Pipeline.Checkpoints;
using Pipeline.Composition;
using Pipeline.Kernels;
using Pipeline.Model;
using Pipeline.Terminal;
using static Pipeline.Commands.OptionFactory;

namespace Pipeline.Commands;

/// <summary><c>verify [MODEL] --reference FILE</c></summary>
internal static class VerifyCommand
{
    private const double DefaultTolerance = 1e-3;

    public static PipelineCommand Create(Surroundings surroundings)
    {
        var model = new Argument<string?>("MODEL") { Arity = ArgumentArity.ZeroOrOne };
        var reference = String("--reference", "FILE", "a safetensors file of inputs and what they give");
        var tolerance = Number("--tolerance", "X", "largest difference that passes (default: 0.001)", x => x >= 0, "of at least 0");
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "verify",
            "Compares what a model computes with reference outputs, and prints the largest difference of each tensor. Exit code 1 beyond the tolerance.",
            "[OPTIONS] [MODEL] --reference FILE",
            "pipeline verify models/scout --reference golden.safetensors",
            new OptionGroup("Reference", [reference, tolerance]),
            common.EngineAlone)
        {
            model,
        };
        command.SetAction((parsed, _) =>
        {
            if (parsed.GetValue(reference) is not { } file)
            {
                throw new UsageException("--reference: is missing", $"for example: {command.Example}");
            }

            var path = Path.GetFullPath(file, surroundings.WorkingFolder);
            if (!File.Exists(path))
            {
                throw new UsageException($"--reference {file}: no such file", "check the path; it starts from the working folder");
            }

            var settings = Settings.Load(common.Arguments(parsed), parsed.GetValue(model), surroundings);
            var differences = Compare(settings, path, surroundings.Error.WriteNote);
            return Task.FromResult(Report(differences, parsed.GetValue(tolerance) ?? DefaultTolerance, surroundings.Output));
        });
        return command;
    }

    private static IReadOnlyList<TensorDifference> Compare(Settings settings, string file, Action<string> note)
    {
        using var team = new CpuTeam(settings.Options.Device.Threads);
        using var device = DeviceFactory.Create(DeviceFactory.OnlyName(settings.Options.Device, "verify"), settings.Options.Device.Graphs, team, settings.PlanBytes, note);
        using var checkpoint = settings.OpenCheckpoint();
        using var reference = SafetensorsFile.Open(file);
        return GoldenComparison.Run(new Llama4Model(device, checkpoint), reference);
    }

    private static int Report(IReadOnlyList<TensorDifference> differences, double tolerance, Stream output)
    {
        var table = new TextTable();
        foreach (var difference in differences)
        {
            var beyond = difference.Largest > tolerance ? "  beyond tolerance" : "";
            table.Add(difference.Name, string.Create(CultureInfo.InvariantCulture, $"{difference.Largest:0.0e+00}{beyond}"));
        }

        output.Write(Encoding.UTF8.GetBytes(table.ToString()));
        output.Flush();
        return differences.All(difference => difference.Largest <= tolerance) ? ExitCode.Done : ExitCode.SomeFailed;
    }
}
