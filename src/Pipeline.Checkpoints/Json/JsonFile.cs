using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Checkpoints;

/// <summary>Reads JSON files of a checkpoint; whatever is wrong with one becomes a <see cref="PipelineException"/> that names it.</summary>
internal static class JsonFile
{
    // A config of the largest models takes 100 KB, a shard index 20 MB; beyond this a file is not what its name says.
    private const long MaxBytes = 256L << 20;

    /// <summary>The bytes of a file, or null where there is none.</summary>
    public static byte[]? ReadBytes(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            var length = new FileInfo(file).Length;
            return length <= MaxBytes
                ? File.ReadAllBytes(file)
                : throw Invalid(file, $"is {length} bytes long, which no settings file is", "Fetch the checkpoint anew.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException("checkpoint.unreadable", $"{file}: cannot be read: {e.Message}", "Check the file's permissions.", inner: e);
        }
    }

    /// <summary>Parses UTF-8 JSON (with or without byte order mark) whose root is an object.</summary>
    public static JsonElement ParseObject(string file, ReadOnlyMemory<byte> utf8)
    {
        const string hint = "The file is damaged: fetch it anew.";
        if (utf8.Span.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        if (!Utf8.IsValid(utf8.Span))
        {
            throw Invalid(file, "is not valid JSON: not UTF-8", hint);
        }

        try
        {
            using var document = JsonDocument.Parse(utf8);
            Decode(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw Invalid(file, $"holds a JSON {document.RootElement.ValueKind} where an object belongs", hint);
        }
        catch (JsonException e)
        {
            throw Invalid(file, $"is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})", hint);
        }
        catch (InvalidOperationException)
        {
            throw Invalid(file, "is not valid JSON: a string with half a surrogate pair", hint);
        }
    }

    // Escapes are decoded lazily, and a lone surrogate throws only then: this brings it forward to where it is caught.
    private static void Decode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    Decode(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Decode(item);
                }

                break;
            case JsonValueKind.String:
                _ = element.GetString();
                break;
        }
    }

    private static PipelineException Invalid(string file, string problem, string hint) =>
        new("checkpoint.json", $"{file}: {problem}", hint);
}
