using CsCheck;

namespace Pipeline.Text.Tests.Tokenization;

public class TokenizerTests
{
    private static Tokenizer Tiny => Tokenizers.Tiny;

    [Fact]
    public void The_demo_checkpoint_names_its_tokens()
    {
        Assert.Equal(1440, Tiny.BosId);
        Assert.Equal(("<|begin_of_text|>", "<|eot|>", "<|finetune_right_pad|>"), (Tiny.BosToken, Tiny.EosToken, Tiny.PadToken));
        Assert.Equal(1459, Tiny.VocabularySize);
        Assert.False(Tiny.AddsBos);
    }

    [Fact]
    public void Ids_are_those_of_byte_pair_encoding_by_its_definition()
    {
        var reference = new ReferenceBpe(Path.Combine(SharedData.Root, "models", "tiny-scout", "tokenizer.json"));
        TestText.Any.Sample(text => Assert.Equal(reference.Encode(text), Tiny.Encode(text, recognizeSpecial: false)), iter: 2_000);
        TestText.Letters.Sample(text => Assert.Equal(reference.Encode(text), Tiny.Encode(text, recognizeSpecial: false)), iter: 2_000);
    }

    [Fact]
    public void Decoding_gives_the_text_back() => TestText.Any.Sample(text =>
        Assert.Equal(text, Tiny.Decode(Tiny.Encode(text, recognizeSpecial: false), skipSpecial: false)));

    [Fact]
    public void Special_tokens_are_recognised_in_trusted_text_only()
    {
        Tiny.TryGetId("<|eot|>", out var eot);
        Assert.Equal([eot], Tiny.Encode("<|eot|>", recognizeSpecial: true));
        Assert.DoesNotContain(eot, Tiny.Encode("<|eot|>", recognizeSpecial: false));
        Assert.Equal([eot], Tiny.Encode(MarkedText.Trusted("<|eo") + MarkedText.Trusted("t|>")));
        for (var at = 0; at < "<|eot|>".Length; at++)
        {
            var spoiled = MarkedText.Trusted("<|eot|>"[..at]) + MarkedText.Plain("<|eot|>"[at..(at + 1)]) + MarkedText.Trusted("<|eot|>"[(at + 1)..]);
            Assert.Equal(Tiny.Encode("<|eot|>", recognizeSpecial: false), Tiny.Encode(spoiled));
        }
    }

    [Fact]
    public void Ordinary_text_is_joined_whoever_wrote_it()
    {
        var marked = MarkedText.Trusted("<|eot|>gr") + MarkedText.Plain("een fr") + MarkedText.Trusted("og<|eot|>");
        Tiny.TryGetId("<|eot|>", out var eot);
        Assert.Equal([eot, .. Tiny.Encode("green frog", recognizeSpecial: false), eot], Tiny.Encode(marked));
    }

    [Fact]
    public void User_text_never_swallows_a_token_of_the_template()
    {
        Tiny.TryGetId("<|eot|>", out var eot);
        TestText.Any.Sample(text => Assert.Equal(
            [.. Tiny.Encode(text, recognizeSpecial: false), eot], Tiny.Encode(MarkedText.Plain(text) + MarkedText.Trusted("<|eot|>"))));
    }

    [Fact]
    public void Decoding_skips_special_tokens_and_ids_without_a_token()
    {
        int[] ids = [Tiny.VocabularySize, .. Tiny.Encode("<|begin_of_text|>a<|eot|>b", recognizeSpecial: true), -1, int.MaxValue];
        Assert.Equal("ab", Tiny.Decode(ids, skipSpecial: true));
        Assert.Equal("<|begin_of_text|>a<|eot|>b", Tiny.Decode(ids, skipSpecial: false));
    }

    [Fact]
    public void A_lone_surrogate_is_the_replacement_character() =>
        Assert.Equal(Tiny.Encode("a\uFFFDb", recognizeSpecial: false), Tiny.Encode("a\uD800b", recognizeSpecial: false));
}
