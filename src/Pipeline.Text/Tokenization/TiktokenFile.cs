using System.Text;

namespace Pipeline.Text;

/// <summary>
/// Reads Meta's tokenizer.model in tiktoken's format: a line a token, base64 of its bytes, a space, its rank, which is
/// its id. Two tokens merge where the vocabulary has what they make, in the order of its rank.
/// </summary>
internal static class TiktokenFile
{
    /// <summary>The bytes of each rank.</summary>
    /// <exception cref="PipelineException">A line is malformed, or the ranks are not 0, 1, 2 ...</exception>
    public static IReadOnlyList<byte[]> ReadRanks(string path)
    {
        var tokens = new List<byte[]>();
        using var reader = new StreamReader(TokenizerFile.Open(path), Encoding.Latin1);
        while (reader.ReadLine() is { } line)
        {
            tokens.Add(ReadLine(path, line, tokens.Count));
        }

        return tokens;
    }

    /// <summary>All ways to put a token together from two others.</summary>
    /// <exception cref="PipelineException">Two ranks have the same bytes.</exception>
    public static MergeTable MakeMerges(string path, IReadOnlyList<byte[]> tokens)
    {
        var ranks = new Dictionary<string, int>(tokens.Count, StringComparer.Ordinal);
        for (var rank = 0; rank < tokens.Count; rank++)
        {
            if (!ranks.TryAdd(Encoding.Latin1.GetString(tokens[rank]), rank))
            {
                var first = ranks[Encoding.Latin1.GetString(tokens[rank])];
                throw TokenizerErrors.Invalid(path, $"line {rank + 1}: the token is that of line {first + 1}");
            }
        }

        var lookup = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new MergeTable(3 * tokens.Count);
        foreach (var (token, rank) in ranks)
        {
            for (var cut = 1; cut < token.Length; cut++)
            {
                if (lookup.TryGetValue(token.AsSpan(0, cut), out var left) && lookup.TryGetValue(token.AsSpan(cut), out var right))
                {
                    merges.TryAdd(left, right, new(rank, rank));
                }
            }
        }

        return merges;
    }

    private static byte[] ReadLine(string path, string line, int expected)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var bytes = new byte[line.Length];
        if (space <= 0 || !Convert.TryFromBase64Chars(line.AsSpan(0, space), bytes, out var length) || length == 0)
        {
            throw TokenizerErrors.Invalid(path, $"line {expected + 1} is not a token in base64 and its rank");
        }

        if (!int.TryParse(line.AsSpan(space + 1), out var rank) || rank != expected)
        {
            throw TokenizerErrors.Invalid(path, $"line {expected + 1} has rank \"{line[(space + 1)..]}\" where {expected} is due");
        }

        return bytes[..length];
    }
}
