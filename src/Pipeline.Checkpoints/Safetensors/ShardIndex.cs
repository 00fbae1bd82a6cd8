using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>Finds the weight files of a checkpoint: one <c>model.safetensors</c>, or shards with an index.</summary>
internal static class ShardIndex
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";

    /// <summary>Opens all weight files of a directory; what the index says of them must be true.</summary>
    public static TensorCatalog Open(string directory)
    {
        var single = Path.Combine(directory, SingleFile);
        if (File.Exists(single))
        {
            return TensorCatalog.Open([single]);
        }

        var index = Path.Combine(directory, IndexFile);
        var bytes = JsonFile.ReadBytes(index) ?? throw NoWeights(directory);
        var map = ReadWeightMap(index, bytes);
        var paths = map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => Path.Combine(directory, name)).ToArray();
        RequireFiles(index, paths);
        var catalog = TensorCatalog.Open(paths);
        try
        {
            RequireTensors(index, directory, map, catalog);
            return catalog;
        }
        catch
        {
            catalog.Dispose();
            throw;
        }
    }

    private static Dictionary<string, string> ReadWeightMap(string index, byte[] bytes)
    {
        var root = JsonFile.ParseObject(index, bytes);
        if (!root.TryGetProperty("weight_map", out var list) || list.ValueKind != JsonValueKind.Object)
        {
            throw Bad(index, "has no weight_map");
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in list.EnumerateObject())
        {
            var file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : "";
            if (!IsPlainName(file))
            {
                throw Bad(index, $"weight_map.{property.Name} is {JsonSection.Short(property.Value)}, not the name of a .safetensors file beside the index");
            }

            if (!map.TryAdd(property.Name, file))
            {
                throw Bad(index, $"weight_map names {property.Name} twice");
            }
        }

        return map.Count > 0 ? map : throw Bad(index, "has an empty weight_map");
    }

    // A checkpoint comes from strangers: its index must not make us open files elsewhere.
    private static bool IsPlainName(string file) =>
        file.EndsWith(".safetensors", StringComparison.Ordinal) && file.AsSpan().IndexOfAny("/\\:\0") < 0;

    private static void RequireFiles(string index, IReadOnlyList<string> paths)
    {
        var missing = paths.Where(path => !File.Exists(path)).Select(path => Path.GetFileName(path)!).ToArray();
        if (missing.Length > 0)
        {
            throw Bad(index, $"{missing.Length} of {paths.Count} files are not there: {MessageList.Of(missing)}");
        }
    }

    private static void RequireTensors(string index, string directory, Dictionary<string, string> map, TensorCatalog catalog)
    {
        var wrong = map.Where(pair => catalog.Find(pair.Key)?.File != Path.Combine(directory, pair.Value))
            .Select(pair => $"{pair.Key} (in {pair.Value})").ToArray();
        if (wrong.Length > 0)
        {
            throw Bad(index, $"{wrong.Length} tensors are not in the file that the index names: {MessageList.Of(wrong)}");
        }
    }

    private static PipelineException NoWeights(string directory)
    {
        var other = Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)
            .FirstOrDefault(name => Path.GetExtension(name) is ".bin" or ".pth" or ".pt" or ".gguf" or ".safetensors");
        return new PipelineException(
            "checkpoint.missing",
            $"{directory}: holds neither {SingleFile} nor {IndexFile}{(other is null ? "" : $" (but {other})")}",
            "Weights are read from safetensors files as Hugging Face writes them; fetch or convert the checkpoint to that form.");
    }

    private static PipelineException Bad(string index, string problem) =>
        new("checkpoint.index", $"{index}: {problem}", "Fetch the checkpoint anew, all files of it.");
}
