using System.Text;

namespace Pipeline.Text;

/// <summary>Writes a <see cref="MarkedText"/> piece by piece, in time linear in what is appended.</summary>
public sealed class MarkedTextBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _flips = [];

    public int Length => _text.Length;

    public MarkedTextBuilder Append(ReadOnlySpan<char> text, bool trusted)
    {
        if (text.Length > 0)
        {
            var current = (_flips.Count & 1) == 1;
            if (current != trusted)
            {
                _flips.Add(_text.Length);
            }

            _text.Append(text);
        }

        return this;
    }

    public MarkedTextBuilder Append(MarkedText text)
    {
        foreach (var run in text.Runs())
        {
            Append(text.Text.AsSpan(run.Start, run.Length), run.Trusted);
        }

        return this;
    }

    public MarkedText ToMarkedText() => _text.Length == 0 ? MarkedText.Empty : new(_text.ToString(), [.. _flips]);
}
