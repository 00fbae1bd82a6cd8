using System.Text.Json;

namespace Pipeline.Text;

/// <summary>A value in a JSON file that knows its place, so that every complaint names file and field.</summary>
internal readonly record struct JsonField(string File, JsonPath Path, JsonElement Element)
{
    public JsonValueKind Kind => Element.ValueKind;

    public bool IsNull => Kind is JsonValueKind.Null or JsonValueKind.Undefined;

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
        JsonValueKind.Object => new(File, Path.Field(name), Element.TryGetProperty(name, out var value) ? value : default),
        _ => throw Wrong("an object"),
    };

    public IEnumerable<JsonField> Items()
    {
        if (Kind != JsonValueKind.Array)
        {
            throw Wrong("an array");
        }

        var (file, path) = (File, Path);
        return Element.EnumerateArray().Select((item, index) => new JsonField(file, path.Item(index), item));
    }

    public IEnumerable<(string Name, JsonField Value)> Fields()
    {
        if (Kind != JsonValueKind.Object)
        {
            throw Wrong("an object");
        }

        var field = this;
        return Element.EnumerateObject().Select(item => (item.Name, new JsonField(field.File, field.Path.Field(item.Name), item.Value)));
    }

    public string AsString()
    {
        try
        {
            return Kind == JsonValueKind.String ? Element.GetString()! : throw Wrong("a string");
        }
        catch (InvalidOperationException e)
        {
            throw TokenizerErrors.Invalid(File, $"{Path} is not valid Unicode", e);
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

    public PipelineException Invalid(string problem) => TokenizerErrors.Invalid(File, $"{Path}: {problem}");

    public PipelineException Wrong(string expected) =>
        TokenizerErrors.Invalid(File, Kind == JsonValueKind.Undefined ? $"{Path} is missing" : $"{Path} is not {expected}");
}

/// <summary>The place of a value in a file; written out only when it is complained about, as a vocabulary has many.</summary>
internal sealed class JsonPath
{
    private readonly JsonPath? _parent;
    private readonly string? _name;
    private readonly int _index;

    private JsonPath(JsonPath? parent, string? name, int index) => (_parent, _name, _index) = (parent, name, index);

    public static JsonPath Root { get; } = new(null, null, 0);

    public JsonPath Field(string name) => new(this, name, 0);

    public JsonPath Item(int index) => new(this, null, index);

    public override string ToString() => this == Root ? "the whole" : (_parent, _name) switch
    {
        (_, null) => $"{_parent}[{_index}]",
        ({ } parent, _) when parent != Root => $"{parent}.{_name}",
        _ => _name,
    };
}
