using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>One tensor of a header; offsets are bytes from the start of the data.</summary>
internal readonly record struct HeaderEntry(string Name, StoredType Type, long[] Shape, long Begin, long End);

/// <summary>
/// Parses and validates a safetensors header: every tensor's bytes fit its shape and type, and together they cover the data
/// without overlap or hole, as the format demands.
/// </summary>
internal static class SafetensorsHeader
{
    private const string MetadataKey = "__metadata__";

    /// <summary>The entries in the order of their data.</summary>
    /// <param name="file">Path for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataBytes">Length of what follows the header.</param>
    public static List<HeaderEntry> Parse(string file, ReadOnlyMemory<byte> json, long dataBytes)
    {
        // The format wants the brace first; JSON alone would admit spaces and a byte order mark before it.
        if (json.Length == 0 || json.Span[0] != (byte)'{')
        {
            throw Damaged(file, "has no JSON header: it is not a safetensors file");
        }

        var entries = new List<HeaderEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in JsonFile.ParseObject($"{file} (header)", json).EnumerateObject())
        {
            if (!names.Add(property.Name))
            {
                throw Damaged(file, $"names {property.Name} twice in its header");
            }

            if (property.Name != MetadataKey)
            {
                entries.Add(ParseEntry(file, property));
            }
            else if (property.Value.ValueKind != JsonValueKind.Object)
            {
                throw Damaged(file, $"has {MetadataKey} that is not an object");
            }
        }

        entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        RequireCover(file, entries, dataBytes);
        return entries;
    }

    public static PipelineException Damaged(string file, string problem) =>
        new("checkpoint.safetensors", $"{file}: {problem}", "The file is damaged or was not fetched completely: fetch it anew.");

    private static HeaderEntry ParseEntry(string file, JsonProperty property)
    {
        var name = property.Name;
        if (property.Value.ValueKind != JsonValueKind.Object)
        {
            throw Damaged(file, $"tensor {name}: its header entry is not an object");
        }

        var label = property.Value.TryGetProperty("dtype", out var dtype) && dtype.ValueKind == JsonValueKind.String
            ? dtype.GetString()!
            : throw Damaged(file, $"tensor {name}: its header entry has no dtype");
        var type = StoredTypes.Parse(label) ?? throw new PipelineException(
            "checkpoint.dtype", $"{file}: tensor {name}: unsupported dtype {label}", "Use a checkpoint in BF16, F16 or F32.");
        var shape = Integers(file, name, property.Value, "shape");
        var offsets = Integers(file, name, property.Value, "data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw Damaged(file, $"tensor {name}: data_offsets {TensorInfo.Describe(offsets)} are not a begin and an end");
        }

        var bytes = BytesOf(shape, type.Size());
        return bytes == offsets[1] - offsets[0]
            ? new HeaderEntry(name, type, shape, offsets[0], offsets[1])
            : throw Damaged(file, $"tensor {name}: {label} {TensorInfo.Describe(shape)} takes {bytes?.ToString() ?? "more than 2^63"} bytes, its data_offsets hold {offsets[1] - offsets[0]}");
    }

    private static long[] Integers(string file, string name, JsonElement entry, string key)
    {
        if (!entry.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw Damaged(file, $"tensor {name}: its header entry has no {key}");
        }

        return [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0
                ? number
                : throw Damaged(file, $"tensor {name}: {key} holds {JsonSection.Short(item)}"))];
    }

    private static long? BytesOf(long[] shape, int elementSize)
    {
        if (shape.Contains(0))
        {
            return 0;
        }

        var bytes = (Int128)elementSize;
        foreach (var dimension in shape)
        {
            bytes *= dimension;
            if (bytes > long.MaxValue)
            {
                return null;
            }
        }

        return (long)bytes;
    }

    private static void RequireCover(string file, List<HeaderEntry> entries, long dataBytes)
    {
        long covered = 0;
        var before = "the header";
        foreach (var entry in entries)
        {
            if (entry.End > dataBytes)
            {
                throw Damaged(file, $"tensor {entry.Name} ends at byte {entry.End} of the data, which is {dataBytes} bytes long: the file is truncated, or the header wrong");
            }

            if (entry.Begin != covered)
            {
                throw Damaged(file, entry.Begin < covered
                    ? $"tensor {entry.Name} overlaps {before}: it begins at byte {entry.Begin}, before {covered}"
                    : $"there is a hole of {entry.Begin - covered} bytes between {before} and tensor {entry.Name}");
            }

            covered = entry.End;
            before = $"tensor {entry.Name}";
        }

        if (covered != dataBytes)
        {
            throw Damaged(file, $"has {dataBytes - covered} bytes after its last tensor that belong to none");
        }
    }
}
