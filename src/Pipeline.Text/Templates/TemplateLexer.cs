namespace Pipeline.Text;

/// <summary>
/// Cuts a template into data and the tokens of its tags, with Jinja's whitespace control as transformers sets it:
/// trim_blocks (a newline after a tag goes), lstrip_blocks (blanks before a tag that starts its line go), no trailing newline,
/// and the signs <c>-</c> and <c>+</c> at a tag's edges.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private readonly LineCounter _lines;
    private int _position;

    /// <summary>Whether what comes next starts a line, so that blanks before a tag may go.</summary>
    private bool _lineStarting = true;

    private TemplateLexer(string source)
    {
        _source = source;
        _lines = new(source);
    }

    public static IReadOnlyList<TemplateToken> Tokenize(string source)
    {
        if (source.Length > TemplateLimits.SourceCharacters)
        {
            throw TemplateException.Limit($"a template of {source.Length} characters is more than the {TemplateLimits.SourceCharacters} allowed", 1);
        }

        var normalized = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        return new TemplateLexer(normalized.EndsWith('\n') ? normalized[..^1] : normalized).Run();
    }

    private IReadOnlyList<TemplateToken> Run()
    {
        for (var tag = NextTag(_position); tag >= 0; tag = NextTag(_position))
        {
            ReadTag(tag);
        }

        AddData(_position, _source.Length);
        Add(TokenKind.End, "", _source.Length);
        return _tokens;
    }

    private int NextTag(int from)
    {
        for (var at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    private void ReadTag(int start)
    {
        var kind = _source[start + 1];
        var sign = SignAt(start + 2);
        AddData(_position, DataEnd(start, sign, lstrip: kind != '{'));
        _position = start + 2 + (sign == '\0' ? 0 : 1);
        if (kind == '#')
        {
            SkipComment(start);
        }
        else if (kind == '%' && KeywordTag("raw", _position) is { Sign: not '+' } rawStart)
        {
            ReadRaw(start, rawStart);
        }
        else
        {
            ReadExpressions(start, isOutput: kind == '{');
        }
    }

    private char SignAt(int at) => at < _source.Length && _source[at] is '-' or '+' ? _source[at] : '\0';

    /// <summary>Where the data before a tag ends once the tag's sign, or lstrip_blocks, has taken its whitespace.</summary>
    private int DataEnd(int tag, char sign, bool lstrip)
    {
        var end = tag;
        while (end > _position && PythonText.IsSpace(_source[end - 1]))
        {
            end--;
        }

        if (sign == '-')
        {
            return end;
        }

        if (sign == '+' || !lstrip)
        {
            return tag;
        }

        var newline = tag > _position ? _source.LastIndexOf('\n', tag - 1, tag - _position) : -1;
        var line = newline < 0 ? _position : newline + 1;
        return (newline >= 0 || _lineStarting) && end <= line ? line : tag;
    }

    private void SkipComment(int start)
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw TemplateException.Syntax("a comment is not closed by '#}'", _lines.At(start));
        }

        // "{#-#}": the sign belongs to the opening, as in Jinja's patterns.
        var sign = end > _position ? SignAt(end - 1) : '\0';
        AfterTag(end + 2, sign, trim: true);
    }

    /// <summary>The position after <c>keyword %}</c> (signs allowed) if that is what stands here, else null.</summary>
    private (int End, char Sign)? KeywordTag(string keyword, int at)
    {
        at = SkipSpace(at);
        if (string.CompareOrdinal(_source, at, keyword, 0, keyword.Length) != 0)
        {
            return null;
        }

        at = SkipSpace(at + keyword.Length);
        var sign = SignAt(at);
        at += sign == '\0' ? 0 : 1;
        return string.CompareOrdinal(_source, at, "%}", 0, 2) == 0 ? (at + 2, sign) : null;
    }

    private void ReadRaw(int start, (int End, char Sign) open)
    {
        AfterTag(open.End, open.Sign, trim: false);
        for (var at = _source.IndexOf("{%", _position, StringComparison.Ordinal); at >= 0; at = _source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            var sign = SignAt(at + 2);
            if (KeywordTag("endraw", at + 2 + (sign == '\0' ? 0 : 1)) is { } close)
            {
                AddData(_position, DataEnd(at, sign, lstrip: true));
                AfterTag(close.End, close.Sign, trim: true);
                return;
            }
        }

        throw TemplateException.Syntax("a raw block is not closed by '{% endraw %}'", _lines.At(start));
    }

    private void ReadExpressions(int start, bool isOutput)
    {
        Add(isOutput ? TokenKind.OutputBegin : TokenKind.TagBegin, "", start);
        var reader = new ExpressionLexer(_source, _position, _lines, _tokens);
        var end = reader.ReadUntil(isOutput ? "}}" : "%}", start);
        Add(isOutput ? TokenKind.OutputEnd : TokenKind.TagEnd, "", end.Close);
        AfterTag(end.Close + 2, end.Sign, trim: !isOutput);
    }

    private void AfterTag(int end, char sign, bool trim)
    {
        _position = end;
        if (sign == '-')
        {
            _position = SkipSpace(end);
        }
        else if (trim && sign != '+' && end < _source.Length && _source[end] == '\n')
        {
            _position = end + 1;
        }

        _lineStarting = _source[_position - 1] == '\n';
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && PythonText.IsSpace(_source[at]))
        {
            at++;
        }

        return at;
    }

    private void AddData(int start, int end)
    {
        if (end > start)
        {
            Add(TokenKind.Data, _source[start..end], start);
        }
    }

    private void Add(TokenKind kind, string text, int at) => _tokens.Add(new(kind, text, _lines.At(at)));
}

/// <summary>Line numbers of ascending positions, counted once.</summary>
internal sealed class LineCounter(string source)
{
    private int _counted;
    private int _line = 1;

    public int At(int position)
    {
        if (position < _counted)
        {
            return 1 + source.AsSpan(0, position).Count('\n');
        }

        _line += source.AsSpan(_counted, position - _counted).Count('\n');
        _counted = position;
        return _line;
    }
}
