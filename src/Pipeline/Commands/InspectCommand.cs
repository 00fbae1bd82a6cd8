using System.CommandLine;
using System.Text;
using Pipeline.Checkpoints;
using Pipeline.Composition;
using Pipeline.Configuration;
using Pipeline.Engine.Configuration;
using Pipeline.Kernels;
using Pipeline.Terminal;

namespace Pipeline.Commands;

/// <summary><c>inspect [MODEL]</c></summary>
internal static class InspectCommand
{
    public static PipelineCommand Create(Surroundings surroundings)
    {
        var model = new Argument<string?>("MODEL") { Arity = ArgumentArity.ZeroOrOne };
        var common = new CommonOptions();
        var command = new PipelineCommand(
            "inspect",
            "Shows a model's shape, size and the memory it needs. No weight is read. Without MODEL: the default model.",
            "[OPTIONS] [MODEL]",
            "pipeline inspect models/tiny-scout",
            common.Settings)
        {
            model,
        };
        command.SetAction((parsed, _) =>
        {
            var settings = Settings.Load(common.Arguments(parsed), parsed.GetValue(model), surroundings);
            using var checkpoint = settings.OpenCheckpoint();
            var text = Describe(checkpoint, settings.Options);
            surroundings.Output.Write(Encoding.UTF8.GetBytes(text));
            surroundings.Output.Flush();
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static string Describe(Checkpoint checkpoint, PipelineOptions options)
    {
        var (config, summary) = (checkpoint.Config, checkpoint.Summarize());
        var text = config.Text;
        var layers = text.LayerConfigs;
        var table = new TextTable()
            .Add("model", Path.GetFileName(Path.TrimEndingDirectorySeparator(checkpoint.Directory)))
            .Add("architecture", config.Vision is null ? "Llama 4, text" : "Llama 4, text and vision")
            .Add("layers", $"{text.Layers}: {layers.Count(layer => layer.MixtureOfExperts)} with experts, {layers.Count(layer => layer.Chunked)} chunked, {layers.Count(layer => !layer.Rotate)} without positions")
            .Add("hidden size", $"{text.HiddenSize}")
            .Add("heads", $"{text.Heads} of {text.HeadSize}, {text.KvHeads} for keys and values")
            .Add("experts", $"{text.Experts} routed, {text.ExpertsPerToken} a token, and a shared one")
            .Add("vocabulary", $"{text.VocabularySize:N0}")
            .Add("context", $"{text.MaxPositions:N0} tokens");
        if (config.Vision is { } vision)
        {
            table.Add("vision", $"{vision.Layers} layers, hidden size {vision.HiddenSize}, tiles of {vision.ImageSize} x {vision.ImageSize}, {vision.TokensPerTile} tokens a tile");
        }

        table.Add("parameters", $"{summary.Parameters:N0}")
            .Add("active a token", $"{summary.ActiveParameters:N0}")
            .Gap();
        foreach (var kind in summary.Kinds)
        {
            table.Add(OptionsBinder.KeyOf(kind.Kind.ToString()).Replace('-', ' '), Bytes(kind.Bytes));
        }

        return AddMemory(table.Gap(), config, summary, options).ToString();
    }

    private static TextTable AddMemory(TextTable table, Llama4Config config, ModelSummary summary, PipelineOptions options)
    {
        var memory = options.EngineSettings.PlanMemory(config, summary);
        var scratch = memory.TextPassBytes + memory.VisionPassBytes;
        return table
            .Add(
                options.Device.Quantize == Quantization.None ? "weights, as stored" : $"weights, {OptionsBinder.KeyOf(options.Device.Quantize.ToString())}",
                Bytes(memory.WeightBytes))
            .Add("keys and values", $"{Bytes(options.Decoder.KvBytes)} for all sessions, {Bytes(memory.SessionBytes(1024))} for 1,024 tokens")
            .Add("scratch", Bytes(scratch))
            .Add("memory needed", Bytes(memory.WeightBytes + options.Decoder.KvBytes + scratch));
    }

    private static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.0} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0.0} MiB",
        _ => $"{bytes / 1024.0:0.0} KiB",
    };
}
