namespace Pipeline.Media;

/// <summary>The last lines of a child's error output; older ones are dropped, so a chatty child costs nothing.</summary>
internal sealed class ErrorTail(Func<string, bool>? filter)
{
    private const int MaxLines = 32;
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

    /// <summary>The last line without the component's address, which is where ffmpeg says what went wrong.</summary>
    public string Last
    {
        get
        {
            lock (_lines)
            {
                var line = _lines.LastOrDefault("no reason given");
                var prefixEnd = line.StartsWith('[') ? line.IndexOf("] ", StringComparison.Ordinal) : -1;
                return prefixEnd < 0 ? line : line[(prefixEnd + 2)..];
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
