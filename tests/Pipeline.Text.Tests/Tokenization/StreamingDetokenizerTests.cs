using CsCheck;

namespace Pipeline.Text.Tests.Tokenization;

public class StreamingDetokenizerTests
{
    private static Tokenizer Tiny => Tokenizers.Tiny;

    /// <summary>Ids as a model may emit them: any at all, so the bytes are rarely valid UTF-8.</summary>
    private static readonly Gen<int[]> AnyIds = Gen.Int[0, 1_500].Array[0, 30];

    /// <summary>Ids of single bytes, most of them beyond ASCII: characters begin, end and break off everywhere.</summary>
    private static readonly Gen<int[]> ByteIds = Gen.Byte[0x70, 0xFF].Array[0, 30].Select(
        bytes => Array.ConvertAll(bytes, value => Enumerable.Range(0, Tiny.VocabularySize).First(id => Tiny.BytesOf(id).SequenceEqual([value]))));

    [Fact]
    public void The_stream_is_the_text_of_the_whole() =>
        Gen.OneOf(AnyIds, ByteIds, TestText.Any.Select(text => Tiny.Encode(text, recognizeSpecial: true))).Sample(ids =>
            Assert.Equal(Tiny.Decode(ids, skipSpecial: true), string.Concat(Stream(ids))));

    [Fact]
    public void No_part_ends_within_a_character() => TestText.Any.Sample(text =>
    {
        var sent = "";
        foreach (var part in Stream(Tiny.Encode(text, recognizeSpecial: false)))
        {
            sent += part;
            Assert.StartsWith(sent, text, StringComparison.Ordinal);
            Assert.False(sent.Length > 0 && char.IsHighSurrogate(sent[^1]));
        }
    });

    [Fact]
    public void An_incomplete_character_waits_for_its_rest()
    {
        var ids = "😀"u8.ToArray().Select(value => Enumerable.Range(0, Tiny.VocabularySize).First(id => Tiny.BytesOf(id).SequenceEqual([value]))).ToArray();
        var stream = new StreamingDetokenizer(Tiny);
        Assert.Equal(["", "", "", "😀"], ids.Select(stream.Append));
        Assert.Equal("", stream.Append(ids[0]));
        Assert.Equal("\uFFFD", stream.Flush());
    }

    [Fact]
    public void A_special_token_is_skipped()
    {
        var stream = new StreamingDetokenizer(Tiny);
        Assert.Equal("", stream.Append(Tiny.BosId!.Value));
    }

    private static IEnumerable<string> Stream(int[] ids)
    {
        var stream = new StreamingDetokenizer(Tiny);
        foreach (var id in ids)
        {
            yield return stream.Append(id);
        }

        yield return stream.Flush();
    }
}
