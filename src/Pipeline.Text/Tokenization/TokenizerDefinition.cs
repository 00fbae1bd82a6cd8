namespace Pipeline.Text;

/// <summary>What a tokenizer is made of, as read from whichever file format.</summary>
/// <param name="File">The file, for messages.</param>
/// <param name="Tokens">The bytes of the ordinary tokens by id; null at ids that only added tokens have.</param>
/// <param name="TakeWholeTokens">A pre-token that is in the vocabulary is taken whole, whatever the merges say.</param>
/// <param name="Bos">The special token that is put before a text by itself, or null.</param>
/// <param name="Names">Names of special tokens (<c>bos_token</c>) that the format fixes; tokenizer_config.json goes before.</param>
internal sealed record TokenizerDefinition(
    string File,
    IReadOnlyDictionary<int, byte[]> Tokens,
    IReadOnlyList<AddedToken> Added,
    MergeTable Merges,
    SplitPattern Pattern,
    bool TakeWholeTokens,
    string? Bos,
    IReadOnlyDictionary<string, string> Names);
