namespace Pipeline.Text;

/// <summary>str.split, str.rsplit and str.splitlines.</summary>
internal static class TextSplitting
{
    /// <param name="separator">Null splits at runs of white space.</param>
    /// <param name="limit">Most splits; negative for any number.</param>
    public static ListValue Split(NativeCall call, MarkedText text, string? separator, int limit)
    {
        var pieces = new Pieces(call, text);
        var position = 0;
        if (separator is null)
        {
            position = SkipSpace(text.Text, 0);
            while (position < text.Length && limit-- != 0)
            {
                var end = position;
                while (end < text.Length && !PythonText.IsSpace(text.Text[end]))
                {
                    end++;
                }

                pieces.Add(position, end);
                position = SkipSpace(text.Text, end);
            }

            return position < text.Length ? pieces.Add(position, text.Length).ToList() : pieces.ToList();
        }

        CheckSeparator(separator);
        for (var found = text.Text.IndexOf(separator, StringComparison.Ordinal);
             found >= 0 && limit-- != 0;
             found = text.Text.IndexOf(separator, position, StringComparison.Ordinal))
        {
            pieces.Add(position, found);
            position = found + separator.Length;
        }

        return pieces.Add(position, text.Length).ToList();
    }

    public static ListValue SplitFromEnd(NativeCall call, MarkedText text, string? separator, int limit)
    {
        var pieces = new Pieces(call, text);
        if (separator is null)
        {
            var end = TrimmedEnd(text.Text);
            while (end > 0 && limit-- != 0)
            {
                var start = end;
                while (start > 0 && !PythonText.IsSpace(text.Text[start - 1]))
                {
                    start--;
                }

                pieces.Add(start, end);
                end = TrimmedEnd(text.Text.AsSpan(0, start));
            }

            return end > 0 ? pieces.Add(0, end).ToReversedList() : pieces.ToReversedList();
        }

        CheckSeparator(separator);
        var last = text.Length;
        for (var found = text.Text.LastIndexOf(separator, StringComparison.Ordinal);
             found >= 0 && limit-- != 0;
             found = text.Text.AsSpan(0, last).LastIndexOf(separator))
        {
            pieces.Add(found + separator.Length, last);
            last = found;
        }

        return pieces.Add(0, last).ToReversedList();
    }

    public static ListValue Lines(NativeCall call, MarkedText text, bool keepEnds)
    {
        var pieces = new Pieces(call, text);
        for (var position = 0; position < text.Length;)
        {
            var end = position;
            while (end < text.Length && !PythonText.IsLineEnd(text.Text[end]))
            {
                end++;
            }

            var next = end == text.Length ? end : end + (text.Text.AsSpan(end).StartsWith("\r\n") ? 2 : 1);
            pieces.Add(position, keepEnds ? next : end);
            position = next;
        }

        return pieces.ToList();
    }

    private static void CheckSeparator(string separator)
    {
        if (separator.Length == 0)
        {
            throw TemplateException.Runtime("empty separator");
        }
    }

    private static int SkipSpace(string text, int at)
    {
        while (at < text.Length && PythonText.IsSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    private static int TrimmedEnd(ReadOnlySpan<char> text)
    {
        var end = text.Length;
        while (end > 0 && PythonText.IsSpace(text[end - 1]))
        {
            end--;
        }

        return end;
    }

    private sealed class Pieces(NativeCall call, MarkedText text)
    {
        private readonly List<Value> _items = [];

        public Pieces Add(int start, int end)
        {
            call.Limits.Charge(TemplateLimits.ObjectCost);
            _items.Add(Value.Of(text.Slice(start, end - start)));
            return this;
        }

        public ListValue ToList() => new(_items);

        public ListValue ToReversedList()
        {
            _items.Reverse();
            return new(_items);
        }
    }
}
