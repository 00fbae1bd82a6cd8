using System.Text;

namespace Pipeline.Text;

/// <summary>
/// Byte-level BPE of a checkpoint: text to token ids and back. Immutable and safe for many threads. Encoding takes time
/// linear in the text but for a logarithm.
/// </summary>
public sealed class Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly SplitPattern _pattern;
    private readonly bool _takeWholeTokens;
    private readonly Dictionary<string, AddedToken> _added;
    private readonly HashSet<int> _special;
    private readonly AddedTokenMatcher _beforeNormalizing;
    private readonly AddedTokenMatcher _afterNormalizing;

    private Tokenizer(TokenizerDefinition definition, TokenizerConfig config)
    {
        var added = AddedTokenList.Merge(definition, config);
        _added = added.ToDictionary(token => token.Content, StringComparer.Ordinal);
        _special = [.. added.Where(token => token.Special).Select(token => token.Id)];
        _beforeNormalizing = new(added.Where(token => !token.Normalized));
        _afterNormalizing = new(added.Where(token => token.Normalized));
        _vocabulary = AddedTokenList.MakeVocabulary(definition, added);
        _merges = definition.Merges;
        _pattern = definition.Pattern;
        _takeWholeTokens = definition.TakeWholeTokens;
        var names = new Dictionary<string, string>(definition.Names, StringComparer.Ordinal);
        foreach (var (name, token) in config.Names)
        {
            names[name] = token;
        }

        if (definition.Bos is not null)
        {
            names.TryAdd("bos_token", definition.Bos);
        }

        SpecialTokens = names;
        AddsBos = config.AddBos ?? definition.Bos is not null;
        if (AddsBos && (BosId is null || (definition.Bos ?? BosToken) != BosToken))
        {
            throw TokenizerErrors.Invalid(
                definition.File, $"a text is to begin with {definition.Bos ?? "bos_token"}, but bos_token is {BosToken ?? "not set"}");
        }
    }

    /// <summary>One more than the largest id. The model's output may be wider: the rest of it has no text.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>Special tokens by the names under which chat templates know them: <c>bos_token</c>, <c>eos_token</c> ...</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; }

    public string? BosToken => SpecialTokens.GetValueOrDefault("bos_token");

    public string? EosToken => SpecialTokens.GetValueOrDefault("eos_token");

    public string? PadToken => SpecialTokens.GetValueOrDefault("pad_token");

    public int? BosId => BosToken is { } token && TryGetId(token, out var id) ? id : null;

    /// <summary>
    /// Whether bare text is to begin with <see cref="BosId"/>. No <c>Encode</c> adds it; a chat template writes its own.
    /// </summary>
    public bool AddsBos { get; }

    /// <summary>Reads tokenizer.json, else Llama 4's tokenizer.model, with the settings beside it.</summary>
    /// <exception cref="PipelineException">There is none, it is damaged, or it asks for what is not implemented.</exception>
    public static Tokenizer Load(string directory)
    {
        var json = Path.Combine(directory, "tokenizer.json");
        var tiktoken = Path.Combine(directory, "tokenizer.model");
        if (!File.Exists(json) && !File.Exists(tiktoken))
        {
            throw new PipelineException(
                "tokenizer.missing", $"{directory}: no tokenizer.json and no tokenizer.model", "Copy the checkpoint's tokenizer files there.");
        }

        var definition = File.Exists(json) ? TokenizerJson.Read(json) : Llama4Tokenizer.Read(tiktoken);
        return new(definition, TokenizerConfig.Read(directory));
    }

    /// <param name="text">Lone surrogates are read as U+FFFD.</param>
    /// <param name="recognizeSpecial">Whether text that spells a special token is that token.</param>
    public int[] Encode(string text, bool recognizeSpecial) =>
        Encode(recognizeSpecial ? MarkedText.Trusted(text) : MarkedText.Plain(text));

    /// <summary>
    /// Special tokens are recognised only where all their characters are trusted. Added tokens that are not special are
    /// ordinary vocabulary, recognised everywhere. What lies between is encoded as one text, whoever wrote its parts.
    /// </summary>
    public int[] Encode(MarkedText text)
    {
        var ids = new List<int>();
        var merger = new BytePairMerger(_vocabulary, _merges, _takeWholeTokens);
        foreach (var outer in _beforeNormalizing.Cut(text, 0, text.Length))
        {
            if (outer.Token is not null)
            {
                ids.Add(outer.Token.Id);
                continue;
            }

            foreach (var inner in _afterNormalizing.Cut(text, outer.Start, outer.End))
            {
                if (inner.Token is not null)
                {
                    ids.Add(inner.Token.Id);
                }
                else
                {
                    EncodeOrdinary(text.Text.AsSpan(inner.Start, inner.End - inner.Start), merger, ids);
                }
            }
        }

        return [.. ids];
    }

    /// <summary>The text of ids; bytes that are not UTF-8 become U+FFFD, ids without a token nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            if (!skipSpecial || !IsSpecial(id))
            {
                bytes.AddRange(BytesOf(id));
            }
        }

        return Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes));
    }

    /// <summary>The id of the token with this text, added tokens first.</summary>
    public bool TryGetId(string token, out int id)
    {
        if (_added.TryGetValue(token, out var added))
        {
            id = added.Id;
            return true;
        }

        return _vocabulary.TryFind(Encoding.UTF8.GetBytes(token), out id);
    }

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The bytes that a token stands for, which need not be whole characters; empty for ids without a token.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_vocabulary.Count ? _vocabulary.BytesOf(id) : [];

    private void EncodeOrdinary(ReadOnlySpan<char> text, BytePairMerger merger, List<int> ids)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        for (var start = 0; start < bytes.Length;)
        {
            var end = _pattern.EndOfPiece(bytes, start);
            merger.Encode(bytes.AsSpan(start..end), ids);
            start = end;
        }
    }
}
