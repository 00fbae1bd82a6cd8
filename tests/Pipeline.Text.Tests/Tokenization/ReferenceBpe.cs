using System.Text;
using System.Text.Json;

namespace Pipeline.Text.Tests.Tokenization;

/// <summary>Byte pair encoding by its definition, on strings, from tokenizer.json: quadratic, and free of the code under test.</summary>
internal sealed class ReferenceBpe
{
    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<(string Left, string Right), int> _ranks;
    private readonly RegexOracle _splitter = new(SplitPattern.O200k);

    public ReferenceBpe(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        var model = document.RootElement.GetProperty("model");
        _vocabulary = model.GetProperty("vocab").Deserialize<Dictionary<string, int>>()!;
        _ranks = model.GetProperty("merges").Deserialize<string[][]>()!.Index().ToDictionary(merge => (merge.Item[0], merge.Item[1]), merge => merge.Index);
    }

    public int[] Encode(string text) => [.. _splitter.Split(text).SelectMany(EncodePiece)];

    private IEnumerable<int> EncodePiece(string piece)
    {
        var symbols = Encoding.UTF8.GetBytes(piece).Select(value => ByteLevelAlphabet.ToChar(value).ToString()).ToList();
        while (symbols.Count > 1 && Enumerable.Range(0, symbols.Count - 1).MinBy(RankAt) is var best && RankAt(best) != int.MaxValue)
        {
            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }

        return symbols.Select(symbol => _vocabulary[symbol]);

        int RankAt(int at) => _ranks.GetValueOrDefault((symbols[at], symbols[at + 1]), int.MaxValue);
    }
}
