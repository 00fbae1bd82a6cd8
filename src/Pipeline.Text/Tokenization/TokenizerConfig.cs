using System.Text.Json;

namespace Pipeline.Text;

/// <summary>What tokenizer_config.json and special_tokens_map.json say about a tokenizer.</summary>
/// <param name="Names">Special tokens by name (<c>bos_token</c>, <c>eos_token</c> ...), as chat templates see them.</param>
/// <param name="AddBos">Whether a text gets a BOS by itself; null leaves it to the tokenizer.</param>
internal sealed record TokenizerConfig(IReadOnlyDictionary<string, string> Names, bool? AddBos, IReadOnlyList<AddedToken> Added)
{
    public static TokenizerConfig Read(string directory)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        ReadIfPresent(Path.Combine(directory, "special_tokens_map.json"), root => ReadNames(root, names));

        bool? addBos = null;
        IReadOnlyList<AddedToken> added = [];
        ReadIfPresent(Path.Combine(directory, "tokenizer_config.json"), root =>
        {
            ReadNames(root, names);
            addBos = root["add_bos_token"].IsNull ? null : root["add_bos_token"].AsBool();
            added = root["added_tokens_decoder"].IsNull ? [] : [.. root["added_tokens_decoder"].Fields().Select(ReadAdded)];
            if (root["add_eos_token"].AsBool(otherwise: false))
            {
                throw TokenizerErrors.Unsupported(root.File, "add_eos_token");
            }
        });
        return new(names, addBos, added);
    }

    private static void ReadIfPresent(string path, Action<JsonField> read)
    {
        if (File.Exists(path))
        {
            using var document = JsonField.Parse(path);
            read(new(path, JsonPath.Root, document.RootElement));
        }
    }

    /// <summary>A token is written as a string or as an object with its flags; null leaves it unnamed.</summary>
    private static void ReadNames(JsonField root, Dictionary<string, string> names)
    {
        foreach (var (name, value) in root.Fields())
        {
            if (name.EndsWith("_token", StringComparison.Ordinal) && value.Kind is JsonValueKind.String or JsonValueKind.Object)
            {
                names[name] = value.Kind == JsonValueKind.String ? value.AsString() : value["content"].AsString();
            }
        }
    }

    private static AddedToken ReadAdded((string Name, JsonField Value) entry)
    {
        if (!int.TryParse(entry.Name, out var id))
        {
            throw entry.Value.Invalid("the key is not a token id");
        }

        return TokenizerJson.ReadAddedToken(entry.Value, id);
    }
}
