using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests.Tokenization;

public sealed class TokenizerJsonTests : IDisposable
{
    private readonly TokenizerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Merges_are_read_as_strings_and_as_pairs()
    {
        Assert.Equal([257], _folder.Load().Encode("abc", recognizeSpecial: false));
        _folder.Merges.Clear();
        _folder.Merges.Add(new JsonArray("a", "b"));
        Assert.Equal([256, 'c'], _folder.Load().Encode("abc", recognizeSpecial: false));
    }

    [Fact]
    public void Ignore_merges_takes_a_pre_token_whole()
    {
        _folder.Merges.Clear();
        Assert.Equal(['a', 'b', 'c'], _folder.Load().Encode("abc", recognizeSpecial: false));
        _folder.Model["ignore_merges"] = true;
        Assert.Equal([257], _folder.Load().Encode("abc", recognizeSpecial: false));
    }

    [Fact]
    public void A_special_token_in_the_vocabulary_is_not_taken_for_text()
    {
        _folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.AddedToken(260, "PAD"));
        _folder.Vocabulary.Add("PAD", 260);
        _folder.Model["ignore_merges"] = true;
        var tokenizer = _folder.Load();
        Assert.Equal(['P', 'A', 'D'], tokenizer.Encode("PAD", recognizeSpecial: false));
        Assert.Equal([260], tokenizer.Encode("PAD", recognizeSpecial: true));
    }

    [Fact]
    public void Byte_level_alone_splits_as_gpt_2_does()
    {
        _folder.Json["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false };
        _folder.Vocabulary.Add("Ġ1", 260);
        _folder.Merges.Add("Ġ 1");
        Assert.Equal(['a', 260], _folder.Load().Encode("a 1", recognizeSpecial: false));
    }

    [Fact]
    public void The_post_processor_says_whether_a_text_begins_with_bos()
    {
        var tokenizer = _folder.Load();
        Assert.True(tokenizer.AddsBos);
        Assert.Equal((259, "<s>"), (tokenizer.BosId, tokenizer.BosToken));
        Assert.Equal(['a'], tokenizer.Encode("a", recognizeSpecial: true));
        _folder.Write("tokenizer_config.json", """{"add_bos_token": false, "bos_token": "<s>"}""");
        Assert.False(_folder.Load().AddsBos);
        _folder.Json["post_processor"] = null;
        _folder.Write("tokenizer_config.json", """{"bos_token": {"content": "<s>", "lstrip": false}}""");
        Assert.False(_folder.Load().AddsBos);
        _folder.Write("tokenizer_config.json", """{"add_bos_token": true, "bos_token": "<s>"}""");
        Assert.True(_folder.Load().AddsBos);
    }

    [Fact]
    public void Names_come_from_tokenizer_config_before_special_tokens_map()
    {
        _folder.Write("special_tokens_map.json", """{"eos_token": "<a>", "pad_token": {"content": "<p>"}}""");
        _folder.Write("tokenizer_config.json", """{"eos_token": "<s>", "unk_token": null, "image_token": "<|image|>"}""");
        var tokenizer = _folder.Load();
        Assert.Equal(("<s>", "<p>"), (tokenizer.EosToken, tokenizer.PadToken));
        Assert.Equal("<|image|>", tokenizer.SpecialTokens["image_token"]);
        Assert.DoesNotContain("unk_token", tokenizer.SpecialTokens.Keys);
    }

    [Fact]
    public void Tokens_that_only_tokenizer_config_adds_are_added()
    {
        _folder.Write("tokenizer_config.json", """{"added_tokens_decoder": {"259": {"content": "<s>", "special": true}, "260": {"content": "<x>", "special": true}}}""");
        Assert.Equal([260], _folder.Load().Encode("<x>", recognizeSpecial: true));
    }

    [Fact]
    public void Tokens_that_are_not_special_are_recognised_in_any_text()
    {
        _folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.AddedToken(260, "<tool>", special: false));
        var tokenizer = _folder.Load();
        Assert.Equal(['a', 260, 'b'], tokenizer.Encode("a<tool>b", recognizeSpecial: false));
        Assert.Equal("a<tool>b", tokenizer.Decode([259, 'a', 260, 'b'], skipSpecial: true));
    }

    [Fact]
    public void A_named_token_is_special_even_without_the_flag()
    {
        _folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.AddedToken(260, "<end>", special: false));
        _folder.Write("tokenizer_config.json", """{"eos_token": "<end>"}""");
        var tokenizer = _folder.Load();
        Assert.True(tokenizer.IsSpecial(260));
        Assert.DoesNotContain(260, tokenizer.Encode("<end>", recognizeSpecial: false));
    }

    [Theory]
    [InlineData("lstrip", "a \n<s> b", new[] { 97, 259, 32, 98 })]
    [InlineData("rstrip", "a <s> \nb", new[] { 97, 32, 259, 98 })]
    [InlineData("single_word", "a<s> <s>b <s>", new[] { 97, 60, 115, 62, 32, 60, 115, 62, 98, 32, 259 })]
    [InlineData("special", "a<s><s>", new[] { 97, 259, 259 })]
    public void Flags_of_added_tokens_are_honoured(string flag, string text, int[] ids)
    {
        _folder.Json["added_tokens"]![0]![flag] = true;
        Assert.Equal(ids, _folder.Load().Encode(text, recognizeSpecial: true));
    }

    [Fact]
    public void The_longest_added_token_wins_and_normalized_ones_come_last()
    {
        var added = _folder.Json["added_tokens"]!.AsArray();
        added.Add(TokenizerFolder.AddedToken(260, "<s><s>"));
        added.Add(TokenizerFolder.AddedToken(261, "x<s", special: false));
        var tokenizer = _folder.Load();
        Assert.Equal([260, 259], tokenizer.Encode("<s><s><s>", recognizeSpecial: true));
        Assert.Equal(['x', 259], tokenizer.Encode("x<s>", recognizeSpecial: true));
        Assert.Equal([261, '>'], tokenizer.Encode("x<s>", recognizeSpecial: false));
    }

    /// <summary>The longer token is the user's: the shorter one that the template wrote still counts.</summary>
    [Fact]
    public void An_untrusted_longer_match_does_not_hide_a_trusted_token()
    {
        _folder.Json["added_tokens"]!.AsArray().Add(TokenizerFolder.AddedToken(260, "<s>b"));
        Assert.Equal([259, 'b'], _folder.Load().Encode(MarkedText.Trusted("<s>") + MarkedText.Plain("b")));
    }
}
