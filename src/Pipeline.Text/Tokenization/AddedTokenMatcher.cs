using System.Globalization;
using System.Text;

namespace Pipeline.Text;

/// <summary>
/// Finds added tokens in text: the leftmost, and of those the longest. A special token counts only where the template
/// wrote all its characters, so that text of a user can neither spell one nor swallow part of one.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node _root = new();

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens)
        {
            var node = _root;
            foreach (var character in token.Content)
            {
                node = node.AddChild(character);
            }

            node.Token = token;
        }
    }

    /// <summary>Cuts a range of a text into added tokens and what lies between them, in order and without gaps.</summary>
    public IEnumerable<TextPiece> Cut(MarkedText text, int start, int end)
    {
        var done = start;
        for (var at = start; at < end;)
        {
            var token = Longest(text, at, end);
            if (token is null)
            {
                at++;
                continue;
            }

            var (from, to) = (at, at + token.Content.Length);
            if (token.SingleWord && (EndsInWord(text.Text.AsSpan(start, from - start)) || StartsWithWord(text.Text.AsSpan(to, end - to))))
            {
                at = to;
                continue;
            }

            from = token.LeftStrip ? done + text.Text.AsSpan(done, from - done).TrimEnd().Length : from;
            to = token.RightStrip ? end - text.Text.AsSpan(to, end - to).TrimStart().Length : to;
            if (from > done)
            {
                yield return new(done, from, null);
            }

            yield return new(from, to, token);
            at = done = to;
        }

        if (done < end)
        {
            yield return new(done, end, null);
        }
    }

    private AddedToken? Longest(MarkedText text, int start, int end)
    {
        AddedToken? longest = null;
        var node = _root;
        for (var at = start; at < end && node.TryGetChild(text.Text[at], out node); at++)
        {
            if (node.Token is { } token && (!token.Special || text.IsAllTrusted(start, token.Content.Length)))
            {
                longest = token;
            }
        }

        return longest;
    }

    private static bool EndsInWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == System.Buffers.OperationStatus.Done && IsWord(rune);

    /// <summary>What <c>\w</c> is in Unicode regular expressions: letters, marks, decimal and letter digits, connectors, joiners.</summary>
    private static bool IsWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        _ => Rune.IsLetter(rune),
    };

    private sealed class Node
    {
        private Dictionary<char, Node>? _children;

        public AddedToken? Token { get; set; }

        public Node AddChild(char character)
        {
            _children ??= [];
            if (!_children.TryGetValue(character, out var child))
            {
                _children[character] = child = new();
            }

            return child;
        }

        public bool TryGetChild(char character, out Node child)
        {
            child = this;
            return _children is not null && _children.TryGetValue(character, out child!);
        }
    }
}

/// <summary>A range of a text: an added token, or ordinary text where <paramref name="Token"/> is null.</summary>
internal readonly record struct TextPiece(int Start, int End, AddedToken? Token);
