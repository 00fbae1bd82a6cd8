using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests.Tokenization;

/// <summary>
/// A folder with a small tokenizer.json, which a test changes before it loads it: the 256 bytes, "ab" (256),
/// "abc" (257) and "bc" (258), merged in the order bc, ab, a+bc, and the special token "&lt;s&gt;" (259).
/// </summary>
internal sealed class TokenizerFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tokenizer-").FullName;

    public JsonObject Json { get; } = MakeJson();

    public JsonObject Model => Json["model"]!.AsObject();

    public JsonObject Vocabulary => Model["vocab"]!.AsObject();

    public JsonArray Merges => Model["merges"]!.AsArray();

    public static JsonObject AddedToken(int id, string content, bool special = true) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["special"] = special,
        ["normalized"] = !special,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["single_word"] = false,
    };

    public Tokenizer Load()
    {
        Write("tokenizer.json", Json.ToJsonString());
        return Tokenizer.Load(Path);
    }

    public void Write(string name, string content) => File.WriteAllText(System.IO.Path.Combine(Path, name), content);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static JsonObject MakeJson()
    {
        var vocabulary = new JsonObject();
        for (var value = 0; value < 256; value++)
        {
            vocabulary.Add(ByteLevelAlphabet.ToChar((byte)value).ToString(), value);
        }

        vocabulary.Add("ab", 256);
        vocabulary.Add("abc", 257);
        vocabulary.Add("bc", 258);
        return new()
        {
            ["added_tokens"] = new JsonArray(AddedToken(259, "<s>")),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = SplitPattern.Llama3.Text }, ["behavior"] = "Isolated", ["invert"] = false },
                    new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }),
            },
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = new JsonArray(
                    new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = "<s>", ["type_id"] = 0 } },
                    new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }),
            },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray("b c", "a b", "a bc"),
            },
        };
    }
}
