namespace Pipeline.Text;

/// <summary>
/// Text of which each UTF-16 character is trusted or not. Trusted characters were written by the chat template itself
/// (its literals and the tokenizer's variables), so they may spell special tokens; what a user wrote may not.
/// Immutable; equal when both text and marks are.
/// </summary>
public sealed class MarkedText : IEquatable<MarkedText>
{
    /// <summary>Where the mark changes, ascending; before the first flip nothing is trusted. Templates flip a few times a message.</summary>
    private readonly int[] _flips;

    internal MarkedText(string text, int[] flips)
    {
        Text = text;
        _flips = flips;
    }

    public static MarkedText Empty { get; } = new("", []);

    public string Text { get; }

    public int Length => Text.Length;

    /// <summary>Text that nobody vouches for.</summary>
    public static MarkedText Plain(string text) => text.Length == 0 ? Empty : new(text, []);

    /// <summary>Text that the template wrote.</summary>
    public static MarkedText Trusted(string text) => text.Length == 0 ? Empty : new(text, [0]);

    public static MarkedText operator +(MarkedText left, MarkedText right) => Concat(left, right);

    public static MarkedText Concat(params ReadOnlySpan<MarkedText> parts)
    {
        var builder = new MarkedTextBuilder();
        foreach (var part in parts)
        {
            builder.Append(part);
        }

        return builder.ToMarkedText();
    }

    public bool IsTrusted(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Length);
        return IsOdd(FlipsUpTo(index));
    }

    /// <summary>Whether all characters of the range are trusted; an empty range is.</summary>
    public bool IsAllTrusted(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - length);
        var flips = FlipsUpTo(start);
        return length == 0 || (IsOdd(flips) && (flips == _flips.Length || _flips[flips] >= start + length));
    }

    public MarkedText Slice(int start, int length)
    {
        var text = Text.Substring(start, length);
        if (length == 0)
        {
            return Empty;
        }

        var first = FlipsUpTo(start);
        var last = FlipsUpTo(start + length - 1);
        var inside = Array.ConvertAll(_flips[first..last], flip => flip - start);
        return new(text, IsOdd(first) ? [0, .. inside] : inside);
    }

    /// <summary>The longest stretches of one mark, in order.</summary>
    public IEnumerable<MarkedRun> Runs()
    {
        var start = 0;
        var trusted = false;
        foreach (var flip in _flips)
        {
            if (flip > start)
            {
                yield return new(start, flip - start, trusted);
            }

            start = flip;
            trusted = !trusted;
        }

        if (start < Length)
        {
            yield return new(start, Length - start, trusted);
        }
    }

    public bool Equals(MarkedText? other) =>
        other is not null && string.Equals(Text, other.Text, StringComparison.Ordinal) && _flips.AsSpan().SequenceEqual(other._flips);

    public override bool Equals(object? obj) => Equals(obj as MarkedText);

    public override int GetHashCode() => HashCode.Combine(Text, _flips.Length);

    public override string ToString() => Text;

    private static bool IsOdd(int count) => (count & 1) == 1;

    private int FlipsUpTo(int index)
    {
        var found = Array.BinarySearch(_flips, index);
        return found >= 0 ? found + 1 : ~found;
    }
}

/// <summary>A stretch of characters with one mark.</summary>
public readonly record struct MarkedRun(int Start, int Length, bool Trusted);
