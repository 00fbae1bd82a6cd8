using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.ML.Tokenizers;

namespace Pipeline.Text.Tests.Tokenization;

public class Llama4ReferenceTests
{
    [SharedFact(Tokenizers.Llama4File)]
    public void Ids_are_those_of_the_reference_in_every_case()
    {
        CheckCases(Tokenizers.Llama4);
    }

    /// <summary>The same tokenizer as Hugging Face writes it: all ways to make a token are merges, in the order of its rank.</summary>
    [SharedFact(Tokenizers.Llama4File)]
    public void Ids_are_those_of_the_reference_when_it_is_written_as_tokenizer_json()
    {
        var ranks = TiktokenFile.ReadRanks(SharedData.PathOf(Tokenizers.Llama4File));
        var names = ranks.Select(bytes => string.Concat(bytes.Select(ByteLevelAlphabet.ToChar))).ToArray();
        var known = names.ToHashSet(StringComparer.Ordinal);
        using var folder = new TokenizerFolder();
        folder.Model["vocab"] = new JsonObject(names.Index().Select(name => KeyValuePair.Create(name.Item, (JsonNode?)name.Index)));
        folder.Model["merges"] = new JsonArray([.. names.SelectMany(name => Enumerable.Range(1, name.Length - 1)
            .Where(cut => known.Contains(name[..cut]) && known.Contains(name[cut..]))
            .Select(cut => new JsonArray(name[..cut], name[cut..])))]);
        folder.Model["ignore_merges"] = true;
        folder.Json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = SplitPattern.O200k.Text;
        folder.Json["post_processor"] = null;
        folder.Json["added_tokens"] = new JsonArray(
            [.. Llama4Tokenizer.Names().Select((name, index) => TokenizerFolder.AddedToken(ranks.Count + index, name))]);
        CheckCases(folder.Load());
    }

    [SharedFact(Tokenizers.Llama4File)]
    public void Ids_of_rendered_chats_are_those_of_the_reference()
    {
        using var chats = JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.Root, "tests", "data", "chat", "cases.json")));
        Assert.All(chats.RootElement.GetProperty("cases").EnumerateArray(), chat => Assert.Equal(
            chat.GetProperty("ids").Deserialize<int[]>(),
            Tokenizers.Llama4.Encode(chat.GetProperty("prompt").GetString()!, recognizeSpecial: true)));
    }

    [SharedFact(Tokenizers.Llama4File)]
    public void Special_tokens_have_the_ids_of_the_reference()
    {
        var expected = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(DataPath("special_tokens.json")))!;
        foreach (var (name, id) in expected)
        {
            Assert.True(Tokenizers.Llama4.TryGetId(name, out var actual), name);
            Assert.Equal((name, id), (name, actual));
            Assert.True(Tokenizers.Llama4.IsSpecial(id));
        }
    }

    [SharedFact(Tokenizers.Llama4File)]
    public void The_vocabulary_is_ranks_and_specials()
    {
        var tokenizer = Tokenizers.Llama4;
        Assert.Equal(202_048, tokenizer.VocabularySize);
        Assert.Equal(200_000, tokenizer.BosId);
        Assert.True(tokenizer.AddsBos);
        Assert.Equal(("<|begin_of_text|>", "<|end_of_text|>", "<|finetune_right_pad|>"), (tokenizer.BosToken, tokenizer.EosToken, tokenizer.PadToken));
        Assert.Equal("<|reserved_special_token_0|>", tokenizer.Decode([201_144], skipSpecial: false));
    }

    /// <summary>Microsoft.ML.Tokenizers splits by UTF-16 units, so it is asked only about characters up to U+FFFF.</summary>
    [SharedFact(Tokenizers.Llama4File)]
    public void Ids_are_those_of_another_implementation()
    {
        var splitter = new RegexPreTokenizer(RegexOracle.MakeRegex(SplitPattern.O200k), specialTokens: null);
        var other = TiktokenTokenizer.Create(SharedData.PathOf(Tokenizers.Llama4File), splitter, normalizer: null);
        Gen.OneOf(TestText.Any, TestText.Dense, TestText.Letters).Select(text => string.Concat(text.Where(character => !char.IsSurrogate(character)))).Sample(
            text => Assert.Equal(other.EncodeToIds(text), Tokenizers.Llama4.Encode(text, recognizeSpecial: false)), iter: 5_000);
    }

    private static void CheckCases(Tokenizer tokenizer)
    {
        var cases = File.ReadAllLines(DataPath("cases.jsonl")).Select(line => JsonSerializer.Deserialize<Case>(line, JsonSerializerOptions.Web)!).ToArray();
        Assert.Equal(93, cases.Length);
        Assert.All(cases, example =>
        {
            Assert.Equal(example.Ids, tokenizer.Encode(example.Text, recognizeSpecial: example.Special));
            Assert.Equal(example.Text, tokenizer.Decode(example.Ids, skipSpecial: false));
        });
    }

    private static string DataPath(string name) => Path.Combine(SharedData.Root, "tests", "data", "tokenizer", name);

    private sealed record Case(string Text, bool Special, int[] Ids);
}
