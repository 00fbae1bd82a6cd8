using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Checkpoints;

/// <summary>
/// Writes complete Hugging Face directories (settings and weights, no tokenizer) with seeded random weights: for measurements,
/// which need a model's shape and not its knowledge, and for tests. Weights are made as they are written, so that a model may
/// be larger than memory; equal options give equal bytes.
/// </summary>
public static class RandomCheckpoint
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes config.json last: a directory that is not complete is no model.</summary>
    /// <param name="directory">Made where it is missing; must be empty.</param>
    /// <param name="options">The model.</param>
    /// <param name="cancellation">Ends the writing; what was written is deleted.</param>
    /// <exception cref="PipelineException">No such model can be read, there are files already, or the disk has no room.</exception>
    public static void Write(string directory, RandomCheckpointOptions options, CancellationToken cancellation = default)
    {
        // Read back before anything is written: what cannot be a model is refused in the reader's words.
        var config = RandomConfig.Model(options);
        Llama4ConfigReader.Read(new JsonSection("config.json", "", JsonSerializer.SerializeToElement(config)), []);
        var tensors = Tensors(options);
        var isNew = RequireEmpty(directory);
        RequireRoom(directory, tensors.Sum(tensor => tensor.Bytes));
        try
        {
            Directory.CreateDirectory(directory);
            SafetensorsWriter.Write(directory, tensors, options.Shards, cancellation);
            WriteJson(directory, "generation_config.json", new JsonObject { ["eos_token_id"] = new JsonArray(2), ["do_sample"] = false });
            if (!options.TextOnly)
            {
                WriteJson(directory, "preprocessor_config.json", RandomConfig.Preprocessor(options));
            }

            WriteJson(directory, "config.json", config);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            Delete(directory, isNew);
            if (exception is OperationCanceledException)
            {
                throw;
            }

            throw new PipelineException(
                "checkpoint.write", $"{directory}: cannot be written: {exception.Message}", "Choose a directory that can be written and has room.", FailureKind.Outside, exception);
        }
    }

    /// <summary>The weights, in the order in which they are written.</summary>
    public static IReadOnlyList<TensorValues> Tensors(RandomCheckpointOptions options) => new RandomTensors(options).All();

    /// <summary>config.json as transformers 5 writes it.</summary>
    public static JsonObject Config(RandomCheckpointOptions options) => RandomConfig.Model(options);

    /// <returns>Whether there is no such directory yet.</returns>
    private static bool RequireEmpty(string directory)
    {
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new PipelineException("checkpoint.exists", $"{directory}: is there already and is not overwritten", "Name a new or an empty directory.");
        }

        return !Directory.Exists(directory);
    }

    private static void RequireRoom(string directory, long bytes)
    {
        var existing = Path.GetFullPath(directory);
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing)!;
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (bytes > free)
        {
            throw new PipelineException(
                "checkpoint.no-room",
                $"{directory}: the model takes {Gigabytes(bytes)} and the disk has {Gigabytes(free)} free",
                "Choose another disk, or a smaller model.");
        }
    }

    private static string Gigabytes(long bytes) => $"{bytes / 1e9:0.00} GB";

    private static void Delete(string directory, bool isNew)
    {
        foreach (var file in Directory.Exists(directory) ? Directory.GetFiles(directory) : [])
        {
            File.Delete(file);
        }

        if (isNew && Directory.Exists(directory))
        {
            Directory.Delete(directory);
        }
    }

    private static void WriteJson(string directory, string name, JsonObject json) =>
        File.WriteAllText(Path.Combine(directory, name), json.ToJsonString(Indented));
}
