using System.Globalization;
using System.Text.Json;

namespace Pipeline.Checkpoints;

/// <summary>
/// One object of a settings file, read key by key with types and ranges. A key that is absent or null gives the fallback;
/// a value that does not fit is an error naming file and key. It remembers which keys were asked for, so that none is dropped unseen.
/// </summary>
internal sealed class JsonSection(string file, string path, JsonElement element)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public string File { get; } = file;

    public static JsonSection? FromFile(string file)
    {
        var bytes = JsonFile.ReadBytes(file);
        return bytes is null ? null : new JsonSection(file, "", JsonFile.ParseObject(file, bytes));
    }

    public bool Has(string key) => Get(key) is not null;

    /// <summary>Whether the key is there and says null, where that means something else than its absence.</summary>
    public bool IsNull(string key) => element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>The value under a key, or null where it is absent or null.</summary>
    public JsonElement? Get(string key)
    {
        _read.Add(key);
        return element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public int Int(string key, int fallback, int min, int max) =>
        OptionalInt(key, min, max)
        ?? (fallback >= min && fallback <= max ? fallback : throw Bad(key, $"is absent, and its default {fallback} is outside {min} to {max}"));

    public int? OptionalInt(string key, int min, int max) => Get(key) is { } value ? InRange(key, Integer(key, value), min, max) : null;

    /// <summary>A finite number.</summary>
    public double Number(string key, double fallback, double min, double max) => OptionalNumber(key, min, max) ?? fallback;

    public double? OptionalNumber(string key, double min, double max)
    {
        if (Get(key) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max
            ? number
            : throw Bad(key, string.Create(CultureInfo.InvariantCulture, $"is {Short(value)}, not a number from {min} to {max}"));
    }

    public bool Flag(string key, bool fallback) => Get(key) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Bad(key, $"is {Short(value)}, not true or false"),
    };

    public string Text(string key, string fallback) => OptionalText(key) ?? fallback;

    public string? OptionalText(string key) => Get(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } value => throw Bad(key, $"is {Short(value)}, not a string"),
    };

    /// <summary>A list of integers; true and false count as 1 and 0.</summary>
    public IReadOnlyList<int>? Ints(string key, int min, int max) =>
        Items(key)?.Select(item => InRange(key, item.ValueKind switch
        {
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            _ => Integer(key, item),
        }, min, max)).ToArray();

    public IReadOnlyList<string>? Texts(string key) =>
        Items(key)?.Select(item => item.ValueKind == JsonValueKind.String
            ? item.GetString()!
            : throw Bad(key, $"holds {Short(item)}, not a string")).ToArray();

    public IReadOnlyList<float>? Floats(string key) =>
        Items(key)?.Select(item => item.ValueKind == JsonValueKind.Number && float.IsFinite(item.GetSingle())
            ? item.GetSingle()
            : throw Bad(key, $"holds {Short(item)}, not a number")).ToArray();

    public JsonSection? Section(string key) => Get(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new JsonSection(File, PathOf(key), value),
        { } value => throw Bad(key, $"is {Short(value)}, not an object"),
    };

    /// <summary>Keys with a value that nobody asked for.</summary>
    public IEnumerable<(string Key, JsonElement Value)> Unread() =>
        from property in element.EnumerateObject()
        where property.Value.ValueKind != JsonValueKind.Null && !_read.Contains(property.Name)
        select (property.Name, property.Value);

    public PipelineException Bad(string key, string problem, string? hint = null) =>
        new("checkpoint.config", $"{File}: {PathOf(key)} {problem}", hint ?? "Correct the key, or fetch the checkpoint anew.");

    public string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>A value as it may stand in a message: one line, cut where long.</summary>
    public static string Short(JsonElement value)
    {
        const int max = 60;
        var text = value.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= max ? text : $"{text.AsSpan(0, max)}...";
    }

    private JsonElement.ArrayEnumerator? Items(string key) => Get(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value => value.EnumerateArray(),
        { } value => throw Bad(key, $"is {Short(value)}, not a list"),
    };

    // Python writes whole numbers as 8192.0 where a float was computed.
    private long Integer(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && Math.Floor(number) == number && Math.Abs(number) < long.MaxValue
            ? (long)number
            : throw Bad(key, $"is {Short(value)}, not a whole number");

    private int InRange(string key, long value, int min, int max) =>
        value >= min && value <= max ? (int)value : throw Bad(key, $"is {value}, outside {min} to {max}");
}
