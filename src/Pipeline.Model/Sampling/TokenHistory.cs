namespace Pipeline.Model;

/// <summary>Which tokens a session has seen, for the penalties: those of its prompt, and how often each stands in its answer.</summary>
public sealed class TokenHistory
{
    private readonly HashSet<int> _seen;
    private readonly Dictionary<int, int> _answered = [];

    public TokenHistory(IEnumerable<int> prompt) => _seen = [.. prompt];

    /// <summary>Tokens of the answer so far.</summary>
    public int Count { get; private set; }

    /// <summary>Tokens of prompt and answer, each once.</summary>
    internal HashSet<int> Seen => _seen;

    /// <summary>Times that a token stands in the answer.</summary>
    internal Dictionary<int, int> Answered => _answered;

    public void Append(int token)
    {
        _seen.Add(token);
        _answered[token] = _answered.GetValueOrDefault(token) + 1;
        Count++;
    }
}
