using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Pipeline.Text;

/// <summary>A value in a JSON file that knows its place, so that every complaint names file and field.</summary>
internal readonly record struct JsonField(string File, string Path, JsonElement Element)
{
    public JsonValueKind Kind => Element.ValueKind;

    public bool IsNull => Kind is JsonValueKind.Null or JsonValueKind.Undefined;

    private string Place => Path.Length == 0 ? "the whole" : Path;

    /// <summary>The file's value; the document may be disposed of only when the field is no longer used.</summary>
    /// <exception cref="PipelineException">The file is no JSON, too large, too deep, or has a field twice.</exception>
    public static JsonDocument Parse(string path)
    {
        try
        {
            using var stream = TokenizerFile.Open(path);
            return JsonDocument.Parse(stream, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException e)
        {
            throw TokenizerErrors.Invalid(path, $"not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A field of this object; undefined where it is missing.</summary>
    public JsonField this[string name] => Kind switch
    {
        JsonValueKind.Object => new(File, Join(name), Element.TryGetProperty(name, out var value) ? value : default),
        _ => throw Wrong("an object"),
    };

    public IEnumerable<JsonField> Items()
    {
        if (Kind != JsonValueKind.Array)
        {
            throw Wrong("an array");
        }

        var (file, path) = (File, Path);
        return Element.EnumerateArray().Select((item, index) => new JsonField(file, $"{path}[{index}]", item));
    }

    public IEnumerable<(string Name, JsonField Value)> Fields()
    {
        if (Kind != JsonValueKind.Object)
        {
            throw Wrong("an object");
        }

        var field = this;
        return Element.EnumerateObject().Select(item => (item.Name, new JsonField(field.File, field.Join(item.Name), item.Value)));
    }

    public string AsString()
    {
        try
        {
            return Kind == JsonValueKind.String ? Element.GetString()! : throw Wrong("a string");
        }
        catch (InvalidOperationException e)
        {
            throw TokenizerErrors.Invalid(File, $"{Place} is not valid Unicode", e);
        }
    }

    public int AsInt() => Kind == JsonValueKind.Number && Element.TryGetInt32(out var value) ? value : throw Wrong("a whole number");

    public bool AsBool() => Kind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false"),
    };

    public bool AsBool(bool otherwise) => IsNull ? otherwise : AsBool();

    [DoesNotReturn]
    public void Refuse(string problem) => throw TokenizerErrors.Invalid(File, $"{Place}: {problem}");

    public PipelineException Wrong(string expected) =>
        TokenizerErrors.Invalid(File, Kind == JsonValueKind.Undefined ? $"{Place} is missing" : $"{Place} is not {expected}");

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
