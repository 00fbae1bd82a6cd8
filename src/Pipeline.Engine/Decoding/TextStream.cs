using System.Text;
using Pipeline.Kernels;
using Pipeline.Text;

namespace Pipeline.Engine.Decoding;

/// <summary>
/// A session's text as it comes: whole characters only, held back as long as they could begin a stop string, ended by a stop
/// token, a stop string or max-tokens.
/// </summary>
internal sealed class TextStream(DecodeSettings settings, Tokenizer tokenizer)
{
    private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
    private readonly HashSet<int> _stopIds = [.. settings.Sampling.StopIds];
    private readonly StringBuilder _held = new();

    /// <summary>Tokens taken, the stop token included.</summary>
    public int Tokens { get; private set; }

    /// <summary>Whether the text ended by a stop token.</summary>
    public bool EndedByToken { get; private set; }

    /// <summary>Set when the text has ended.</summary>
    public FinishReason? Finish { get; private set; }

    /// <summary>Takes the next token and returns the text that may be shown now.</summary>
    public string Take(TokenChoice choice)
    {
        Tokens++;
        if (_stopIds.Contains(choice.Token))
        {
            EndedByToken = true;
            Finish = FinishReason.Stop;
            _held.Append(_detokenizer.Flush());
        }
        else
        {
            _held.Append(_detokenizer.Append(choice.Token));
            if (Tokens >= settings.MaxTokens)
            {
                Finish = FinishReason.Length;
                _held.Append(_detokenizer.Flush());
            }
        }

        return settings.StopStrings.Count == 0 ? Release(_held.Length) : ReleaseBeforeStop();
    }

    private string ReleaseBeforeStop()
    {
        var text = _held.ToString();
        if (FirstComplete(text) is { } start)
        {
            Finish = FinishReason.Stop;
            var shown = Release(start);
            _held.Clear();
            return shown;
        }

        return Release(Finish is null ? text.Length - LongestBeginning(text) : text.Length);
    }

    /// <summary>Start of the stop string that is complete first, so that the answer does not depend on how the text came in tokens.</summary>
    private int? FirstComplete(string text)
    {
        (int End, int Start)? first = null;
        foreach (var stop in settings.StopStrings)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first is not { } other || (at + stop.Length, at).CompareTo(other) < 0))
            {
                first = (at + stop.Length, at);
            }
        }

        return first?.Start;
    }

    /// <summary>Length of the longest end of the text that could be the beginning of a stop string.</summary>
    private int LongestBeginning(string text)
    {
        var longest = 0;
        foreach (var stop in settings.StopStrings)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                    break;
                }
            }
        }

        return longest;
    }

    private string Release(int length)
    {
        var shown = _held.ToString(0, length);
        _held.Remove(0, length);
        return shown;
    }
}
