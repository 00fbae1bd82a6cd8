using System.Text;

namespace Pipeline.Text;

/// <summary>
/// Turns ids into text as they come. What has been returned is the text of whole characters only; bytes that may yet
/// become one are held back. All that is returned, joined, equals <see cref="Tokenizer.Decode"/> of all ids without
/// special tokens. One caller at a time.
/// </summary>
public sealed class StreamingDetokenizer(Tokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The characters that the id completes; often none.</summary>
    public string Append(int id) => tokenizer.IsSpecial(id) ? "" : Convert(tokenizer.BytesOf(id), flush: false);

    /// <summary>What is held back, as U+FFFD: nothing more will come.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_decoder.GetCharCount(bytes, flush)];
        var count = _decoder.GetChars(bytes, characters, flush);
        return new(characters, 0, count);
    }
}
