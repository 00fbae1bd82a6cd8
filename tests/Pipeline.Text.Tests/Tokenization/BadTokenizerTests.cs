using System.Text;
using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests.Tokenization;

public sealed class BadTokenizerTests : IDisposable
{
    private readonly TokenizerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Changes { get; } = new()
    {
        { "a hole in the ids", "no token has id 200, but one has id 259: a hole" },
        { "an id beyond", "no token has id 259, but one has id 2147483647: a hole" },
        { "a negative id", "no token has id 97, but one has id 259: a hole" },
        { "two tokens of one id", "model.vocab.bc: id 257 is taken by \"abc\"" },
        { "an id that is a string", "model.vocab.a is not a whole number" },
        { "a byte without a token", "no token stands for the byte 0x7A" },
        { "a merge of an unknown token", "model.merges[3]: \"zz\" is not in model.vocab" },
        { "a merge into an unknown token", "model.merges[3]: \"cc\" is not in model.vocab" },
        { "a merge of three", "model.merges[3] is not a pair of tokens" },
        { "a merge of one", "model.merges[3] is not a pair of tokens" },
        { "a merge twice", "model.merges[3]: \"a b\" is listed twice" },
        { "a merge into a special token", "the merges make the special token 256" },
        { "merges that are no array", "model.merges is not an array" },
        { "no model", "model is missing" },
        { "no vocabulary", "model.vocab is missing" },
        { "an added token with another's id", "id 97 is \"<x>\" in the added tokens and another token in the vocabulary" },
        { "an added token without content", "added_tokens[1].content is missing" },
        { "an empty added token", "added_tokens[1].content: an added token may not be empty" },
        { "two added tokens of one id", "id 259 is both \"<s>\" and \"<x>\"" },
        { "an added token with two ids", "\"<s>\" has the ids 259 and 260" },
        { "a flag that is a number", "added_tokens[0].special is not true or false" },
        { "another model", "model Unigram is not supported" },
        { "dropout", "model.dropout is not supported" },
        { "a suffix for words", "model.end_of_word_suffix is not supported" },
        { "a normalizer", "normalizer NFC is not supported" },
        { "another decoder", "decoder Metaspace is not supported" },
        { "another pattern", "pre_tokenizer.pretokenizers[0].pattern.Regex \\w+ is not supported" },
        { "another split", "pre_tokenizer.pretokenizers[0].behavior Removed is not supported" },
        { "a space before", "pre_tokenizer.pretokenizers[1].add_prefix_space is not supported" },
        { "two regexes", "pre_tokenizer.pretokenizers[1].use_regex True is not supported" },
        { "another pre-tokenizer", "pre_tokenizer Whitespace other than ByteLevel alone or one Split followed by ByteLevel is not supported" },
        { "tokens after the text", "post_processor that adds more than one token before a text is not supported" },
        { "another post-processor", "post_processor RobertaProcessing is not supported" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_bad_file_is_refused_with_file_and_entry(string change, string message)
    {
        Apply(change);
        var error = Assert.Throws<PipelineException>(_folder.Load);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(Path.Combine(_folder.Path, "tokenizer.json"), error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Hint);
        Assert.Equal(FailureKind.Input, error.Kind);
    }

    [Fact]
    public void Truncated_json_is_refused_at_every_cut()
    {
        var json = _folder.Json.ToJsonString();
        for (var length = 0; length < json.Length; length += 97)
        {
            _folder.Write("tokenizer.json", json[..length]);
            Assert.Contains("tokenizer.json: not valid JSON", Assert.Throws<PipelineException>(() => Tokenizer.Load(_folder.Path)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("[]", "the whole is not an object")]
    [InlineData("{\"model\": {}, \"model\": {}}", "not valid JSON: Duplicate property 'model'")]
    [InlineData("{\"normalizer\": {\"type\": \"\\ud800\"}}", "normalizer.type is not valid Unicode")]
    public void Json_of_another_shape_is_refused(string json, string message)
    {
        _folder.Write("tokenizer.json", json);
        Assert.Contains(message, Assert.Throws<PipelineException>(() => Tokenizer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_depth_and_size_are_refused()
    {
        _folder.Write("tokenizer.json", new string('[', 1_000_000));
        Assert.Throws<PipelineException>(() => Tokenizer.Load(_folder.Path));
        using (var file = File.OpenWrite(Path.Combine(_folder.Path, "tokenizer.json")))
        {
            file.SetLength(1L << 30);
        }

        Assert.Contains("at most", Assert.Throws<PipelineException>(() => Tokenizer.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_tokenizer_is_named() =>
        Assert.Contains("no tokenizer.json and no tokenizer.model", Assert.Throws<PipelineException>(() => Tokenizer.Load(_folder.Path)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"add_bos_token": true, "bos_token": "<x>"}""", "a text is to begin with <s>, but bos_token is <x>")]
    [InlineData("""{"add_eos_token": true}""", "add_eos_token is not supported")]
    [InlineData("""{"added_tokens_decoder": {"x": {"content": "<x>"}}}""", "added_tokens_decoder.x: the key is not a token id")]
    [InlineData("""{"added_tokens_decoder": {"259": {"content": "<x>"}}}""", "id 259 is both \"<s>\" and \"<x>\"")]
    [InlineData("{", "tokenizer_config.json: not valid JSON")]
    public void A_bad_tokenizer_config_is_refused(string config, string message)
    {
        _folder.Write("tokenizer_config.json", config);
        Assert.Contains(message, Assert.Throws<PipelineException>(_folder.Load).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("YQ== 0\nYg==\n", "line 2 is not a token in base64 and its rank")]
    [InlineData("YQ== 0\n%%% 1\n", "line 2 is not a token in base64 and its rank")]
    [InlineData("YQ== 0\n\n", "line 2 is not a token in base64 and its rank")]
    [InlineData("YQ== 0\nYg== 2\n", "line 2 has rank \"2\" where 1 is due")]
    [InlineData("YQ== 0\nYg== x\n", "line 2 has rank \"x\" where 1 is due")]
    [InlineData("YQ== 0\nYg== 1\nYQ== 2\n", "line 3: the token is that of line 1")]
    [InlineData("YQ== 0\nYg== 1\n", "a tokenizer.model of 2 tokens (Llama 4's has 200000) is not supported")]
    [InlineData("\u000a\u000e\u000a\u0005<unk>\u0015", "line 1 is not a token in base64 and its rank")]
    public void A_bad_tiktoken_file_is_refused(string content, string message)
    {
        _folder.Write("tokenizer.model", content);
        var error = Assert.Throws<PipelineException>(() => Tokenizer.Load(_folder.Path));
        Assert.Contains($"tokenizer.model: {message}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokenizer_json_goes_before_tokenizer_model()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "tokenizer.model"), "no tokenizer", Encoding.ASCII);
        Assert.Equal(260, _folder.Load().VocabularySize);
    }

    private void Apply(string change)
    {
        var (json, model, vocabulary) = (_folder.Json, _folder.Model, _folder.Vocabulary);
        var added = json["added_tokens"]!.AsArray();
        var split = json["pre_tokenizer"]!["pretokenizers"]![0]!;
        var bytes = json["pre_tokenizer"]!["pretokenizers"]![1]!;
        Action apply = change switch
        {
            "a hole in the ids" => () => vocabulary.Remove(vocabulary.Single(entry => (int)entry.Value! == 200).Key),
            "an id beyond" => () => added[0]!["id"] = int.MaxValue,
            "a negative id" => () => vocabulary["a"] = -1,
            "two tokens of one id" => () => vocabulary["bc"] = 257,
            "an id that is a string" => () => vocabulary["a"] = "97",
            "a byte without a token" => () => (_, vocabulary["zzz"]) = (vocabulary.Remove("z"), 122),
            "a merge of an unknown token" => () => _folder.Merges.Add("a zz"),
            "a merge into an unknown token" => () => _folder.Merges.Add("c c"),
            "a merge of three" => () => _folder.Merges.Add("a b c"),
            "a merge of one" => () => _folder.Merges.Add(new JsonArray("a")),
            "a merge twice" => () => _folder.Merges.Add(new JsonArray("a", "b")),
            "a merge into a special token" => () => added.Add(TokenizerFolder.AddedToken(256, "ab")),
            "merges that are no array" => () => model["merges"] = "a b",
            "no model" => () => json.Remove("model"),
            "no vocabulary" => () => model.Remove("vocab"),
            "an added token with another's id" => () => added.Add(TokenizerFolder.AddedToken(97, "<x>")),
            "an added token without content" => () => added.Add(new JsonObject { ["id"] = 260 }),
            "an empty added token" => () => added.Add(TokenizerFolder.AddedToken(260, "")),
            "two added tokens of one id" => () => added.Add(TokenizerFolder.AddedToken(259, "<x>")),
            "an added token with two ids" => () => added.Add(TokenizerFolder.AddedToken(260, "<s>")),
            "a flag that is a number" => () => added[0]!["special"] = 1,
            "another model" => () => model["type"] = "Unigram",
            "dropout" => () => model["dropout"] = 0.1,
            "a suffix for words" => () => model["end_of_word_suffix"] = "</w>",
            "a normalizer" => () => json["normalizer"] = new JsonObject { ["type"] = "NFC" },
            "another decoder" => () => json["decoder"]!["type"] = "Metaspace",
            "another pattern" => () => split["pattern"]!["Regex"] = "\\w+",
            "another split" => () => split["behavior"] = "Removed",
            "a space before" => () => bytes["add_prefix_space"] = true,
            "two regexes" => () => bytes["use_regex"] = true,
            "another pre-tokenizer" => () => json["pre_tokenizer"] = new JsonObject { ["type"] = "Whitespace" },
            "tokens after the text" => () => json["post_processor"]!["single"]!.AsArray().Add(new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = "<s>" } }),
            "another post-processor" => () => json["post_processor"]!["type"] = "RobertaProcessing",
            _ => throw new ArgumentOutOfRangeException(nameof(change), change, "no such change"),
        };
        apply();
    }
}
