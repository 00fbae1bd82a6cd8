namespace Pipeline.Media;

/// <summary>The last lines of a child's error output; older ones are dropped, so a chatty child costs nothing.</summary>
internal sealed class ErrorTail(Func<string, bool>? filter)
{
    private const int MaxLines = 32;

    /// <summary>What ffmpeg writes after any failure to decode.</summary>
    private static readonly string[] _aftermath =
        ["Error marking filters as finished", "Cannot determine format of input stream", "Error while decoding stream"];

    private readonly Queue<string> _lines = new();

    public bool IsEmpty
    {
        get
        {
            lock (_lines)
            {
                return _lines.Count == 0;
            }
        }
    }

    /// <summary>The last line that says what went wrong, without the component's address; null where there is none.</summary>
    public string? Reason
    {
        get
        {
            lock (_lines)
            {
                var line = _lines.LastOrDefault(line => !_aftermath.Any(text => line.Contains(text, StringComparison.Ordinal)));
                var prefixEnd = line?.StartsWith('[') == true ? line.IndexOf("] ", StringComparison.Ordinal) : -1;
                return prefixEnd < 0 ? line : line![(prefixEnd + 2)..];
            }
        }
    }

    public bool Mentions(string text) => Find(text) is not null;

    /// <summary>The first kept line that contains <paramref name="text"/>.</summary>
    public string? Find(string text)
    {
        lock (_lines)
        {
            return _lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal));
        }
    }

    public Task DrainAsync(Stream stream) => BoundedLines.ReadAsync(async buffer => await stream.ReadAsync(buffer), Add);

    private void Add(string line)
    {
        if (line.Length == 0 || filter?.Invoke(line) == true)
        {
            return;
        }

        lock (_lines)
        {
            if (_lines.Count == MaxLines)
            {
                _lines.Dequeue();
            }

            _lines.Enqueue(line);
        }
    }
}
