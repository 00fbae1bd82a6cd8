using System.Text.Json;

namespace Pipeline.Text;

/// <summary>
/// Reads tokenizer.json of Hugging Face's tokenizers library: byte-level BPE. What would change the ids and is not
/// implemented is refused by name; truncation and padding are not read, as the reference switches them off.
/// </summary>
internal static class TokenizerJson
{
    public static TokenizerDefinition Read(string path)
    {
        using var document = JsonField.Parse(path);
        var root = new JsonField(path, JsonPath.Root, document.RootElement);
        if (!root["normalizer"].IsNull)
        {
            throw TokenizerErrors.Unsupported(path, $"normalizer {TypeOf(root["normalizer"])}");
        }

        CheckDecoder(root["decoder"]);
        var model = root["model"];
        CheckModel(model);
        var vocabulary = ReadVocabulary(model["vocab"]);
        return new(
            path,
            vocabulary.ToDictionary(entry => entry.Value, entry => ByteLevelAlphabet.ToBytes(entry.Key)),
            root["added_tokens"].IsNull ? [] : [.. root["added_tokens"].Items().Select(token => ReadAddedToken(token, token["id"].AsInt()))],
            ReadMerges(model["merges"], vocabulary),
            ReadPattern(root["pre_tokenizer"]),
            TakeWholeTokens: model["ignore_merges"].AsBool(otherwise: false),
            Bos: ReadPrefix(root["post_processor"]),
            Names: new Dictionary<string, string>());
    }

    /// <param name="field">An entry of <c>added_tokens</c>, or of <c>added_tokens_decoder</c>, where the id is the key.</param>
    public static AddedToken ReadAddedToken(JsonField field, int id)
    {
        var content = field["content"].AsString();
        if (content.Length == 0)
        {
            throw field["content"].Invalid("an added token may not be empty");
        }

        return new(
            id,
            content,
            Special: field["special"].AsBool(otherwise: false),
            Normalized: field["normalized"].AsBool(otherwise: false),
            LeftStrip: field["lstrip"].AsBool(otherwise: false),
            RightStrip: field["rstrip"].AsBool(otherwise: false),
            SingleWord: field["single_word"].AsBool(otherwise: false));
    }

    private static void CheckModel(JsonField model)
    {
        // Very old files have no type; their fields are those of BPE.
        if (!model["type"].IsNull && TypeOf(model) != "BPE")
        {
            throw TokenizerErrors.Unsupported(model.File, $"model {TypeOf(model)}");
        }

        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (!model[name].IsNull && model[name].AsString().Length > 0)
            {
                throw TokenizerErrors.Unsupported(model.File, $"model.{name}");
            }
        }

        if (!model["dropout"].IsNull && !(model["dropout"].Kind == JsonValueKind.Number && model["dropout"].Element.GetDouble() == 0))
        {
            throw TokenizerErrors.Unsupported(model.File, "model.dropout");
        }
    }

    /// <summary>
    /// Decoding is always that of ByteLevel, the inverse of the vocabulary's alphabet. unk_token, fuse_unk and
    /// byte_fallback have no say: every byte has a token (<see cref="Vocabulary"/> sees to that).
    /// </summary>
    private static void CheckDecoder(JsonField decoder)
    {
        if (TypeOf(decoder) != "ByteLevel")
        {
            throw TokenizerErrors.Unsupported(decoder.File, $"decoder {TypeOf(decoder)}");
        }
    }

    private static Dictionary<string, int> ReadVocabulary(JsonField field)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var tokens = new Dictionary<int, string>();
        foreach (var (token, value) in field.Fields())
        {
            var id = value.AsInt();
            if (!tokens.TryAdd(id, token))
            {
                throw value.Invalid($"id {id} is taken by \"{tokens[id]}\"");
            }

            ids.Add(token, id);
        }

        return ids;
    }

    private static MergeTable ReadMerges(JsonField field, Dictionary<string, int> vocabulary)
    {
        var merges = new MergeTable(field.Kind == JsonValueKind.Array ? field.Element.GetArrayLength() : 0);
        var rank = 0;
        foreach (var merge in field.Items())
        {
            var (left, right) = ReadPair(merge);
            if (!merges.TryAdd(IdOf(left), IdOf(right), new(rank++, IdOf(left + right))))
            {
                throw merge.Invalid($"\"{left} {right}\" is listed twice");
            }

            int IdOf(string token) =>
                vocabulary.TryGetValue(token, out var id) ? id : throw merge.Invalid($"\"{token}\" is not in model.vocab");
        }

        return merges;
    }

    /// <summary>Newer files write a merge as an array of two, older ones as a string with a space between.</summary>
    private static (string Left, string Right) ReadPair(JsonField merge)
    {
        var parts = merge.Kind == JsonValueKind.Array ? [.. merge.Items().Select(item => item.AsString())] : merge.AsString().Split(' ');
        return parts is [var left, var right] ? (left, right) : throw merge.Wrong("a pair of tokens");
    }

    private static SplitPattern ReadPattern(JsonField field)
    {
        if (TypeOf(field) == "Sequence" && field["pretokenizers"].Items().ToArray() is [var split, var bytes]
            && TypeOf(split) == "Split" && TypeOf(bytes) == "ByteLevel")
        {
            CheckByteLevel(bytes, usesRegex: false);
            return ReadSplit(split);
        }

        if (TypeOf(field) != "ByteLevel")
        {
            throw TokenizerErrors.Unsupported(
                field.File, $"pre_tokenizer {TypeOf(field)} other than ByteLevel alone or one Split followed by ByteLevel");
        }

        CheckByteLevel(field, usesRegex: true);
        return SplitPattern.Gpt2;
    }

    private static void CheckByteLevel(JsonField field, bool usesRegex)
    {
        if (field["add_prefix_space"].AsBool(otherwise: true))
        {
            throw TokenizerErrors.Unsupported(field.File, $"{field.Path}.add_prefix_space");
        }

        if (field["use_regex"].AsBool(otherwise: true) != usesRegex)
        {
            throw TokenizerErrors.Unsupported(field.File, $"{field.Path}.use_regex {!usesRegex}");
        }
    }

    private static SplitPattern ReadSplit(JsonField split)
    {
        var behavior = split["behavior"].AsString();
        var invert = split["invert"].AsBool(otherwise: false);

        // The known patterns match every character, so to keep what matches and remove the rest is the same.
        if ((behavior, invert) is not (("Isolated", false) or ("Removed", true)))
        {
            throw TokenizerErrors.Unsupported(split.File, $"{split.Path}.behavior {behavior}{(invert ? " inverted" : "")}");
        }

        var pattern = split["pattern"]["Regex"];
        return SplitPattern.Known.FirstOrDefault(known => known.Text == pattern.AsString())
            ?? throw TokenizerErrors.Unsupported(split.File, $"{pattern.Path} {pattern.AsString()}");
    }

    /// <summary>The special token that the post-processor puts before a single text, or null.</summary>
    private static string? ReadPrefix(JsonField field)
    {
        if (field.IsNull || TypeOf(field) == "ByteLevel")
        {
            return null;
        }

        if (TypeOf(field) == "Sequence")
        {
            return field["processors"].Items().Select(ReadPrefix).OfType<string>().ToArray() switch
            {
                [] => null,
                [var prefix] => prefix,
                _ => throw MoreThanPrefix(field),
            };
        }

        if (TypeOf(field) != "TemplateProcessing")
        {
            throw TokenizerErrors.Unsupported(field.File, $"{field.Path} {TypeOf(field)}");
        }

        var pieces = field["single"].Items().Select(item => item["SpecialToken"]).ToArray();
        return pieces switch
        {
            [{ IsNull: true }] => null,
            [{ IsNull: false } added, { IsNull: true }] => added["id"].AsString(),
            _ => throw MoreThanPrefix(field),
        };
    }

    private static PipelineException MoreThanPrefix(JsonField field) =>
        TokenizerErrors.Unsupported(field.File, $"{field.Path} that adds more than one token before a text");

    private static string TypeOf(JsonField field) => field.IsNull ? "null" : field["type"].AsString();
}
