using System.Globalization;
using System.Text;

namespace Pipeline.Text;

/// <summary>Reads the names, literals and operators inside one tag.</summary>
internal sealed class ExpressionLexer(string source, int position, LineCounter lines, List<TemplateToken> tokens)
{
    private static readonly string[] Operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    private readonly Stack<char> _open = new();
    private int _position = position;

    /// <summary>Adds tokens until <paramref name="close"/> stands outside of all brackets; gives its position and the sign before it.</summary>
    public (int Close, char Sign) ReadUntil(string close, int start)
    {
        while (true)
        {
            while (_position < source.Length && PythonText.IsSpace(source[_position]))
            {
                _position++;
            }

            if (_position >= source.Length)
            {
                throw TemplateException.Syntax($"a tag is not closed by '{close}'", lines.At(start));
            }

            if (_open.Count == 0 && CloseHere(close) is { } end)
            {
                return end;
            }

            ReadToken();
        }
    }

    private (int Close, char Sign)? CloseHere(string close)
    {
        if (StartsWith(close))
        {
            return (_position, '\0');
        }

        // Output tags know no "+": there "+}}" is an operator without an operand.
        var signed = source[_position] == '-' || (source[_position] == '+' && close == "%}");
        return signed && string.CompareOrdinal(source, _position + 1, close, 0, close.Length) == 0 ? (_position + 1, source[_position]) : null;
    }

    private bool StartsWith(string text) => string.CompareOrdinal(source, _position, text, 0, text.Length) == 0;

    private void ReadToken()
    {
        var first = source[_position];
        if (char.IsAsciiDigit(first))
        {
            ReadNumber();
        }
        else if (first == '_' || char.IsLetter(first))
        {
            var start = _position;
            while (_position < source.Length && (source[_position] == '_' || char.IsLetterOrDigit(source[_position])))
            {
                _position++;
            }

            Add(TokenKind.Name, source[start.._position], start);
        }
        else if (first is '\'' or '"')
        {
            ReadString(first);
        }
        else
        {
            ReadOperator();
        }
    }

    private void ReadNumber()
    {
        var start = _position;
        if (source[start] == '0' && start + 1 < source.Length && char.ToLowerInvariant(source[start + 1]) is 'x' or 'o' or 'b')
        {
            throw TemplateException.Unsupported($"the number literal '{source.AsSpan(start, 2)}...'", lines.At(start));
        }

        var isFloat = false;
        SkipDigits();
        var afterDot = start > 0 && source[start - 1] == '.';
        if (!afterDot && _position + 1 < source.Length && source[_position] == '.' && char.IsAsciiDigit(source[_position + 1]))
        {
            isFloat = true;
            _position++;
            SkipDigits();
        }

        if (!afterDot && ExponentLength() is var exponent and > 0)
        {
            isFloat = true;
            _position += exponent;
            SkipDigits();
        }

        var digits = source[start.._position].Replace("_", "", StringComparison.Ordinal);
        Add(isFloat ? TokenKind.Float : TokenKind.Integer, digits, start);
    }

    private void SkipDigits()
    {
        while (_position < source.Length && (char.IsAsciiDigit(source[_position]) || IsDigitSeparator(_position)))
        {
            _position++;
        }
    }

    private bool IsDigitSeparator(int at) => source[at] == '_' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1]);

    /// <summary>Characters of <c>e</c> and its sign, if digits follow them.</summary>
    private int ExponentLength()
    {
        if (_position >= source.Length || source[_position] is not ('e' or 'E'))
        {
            return 0;
        }

        var length = _position + 1 < source.Length && source[_position + 1] is '+' or '-' ? 2 : 1;
        return _position + length < source.Length && char.IsAsciiDigit(source[_position + length]) ? length : 0;
    }

    private void ReadString(char quote)
    {
        var start = _position++;
        while (_position < source.Length && source[_position] != quote)
        {
            _position += source[_position] == '\\' ? 2 : 1;
        }

        if (_position >= source.Length)
        {
            throw TemplateException.Syntax("a string is not closed", lines.At(start));
        }

        Add(TokenKind.String, Unescape(source.AsSpan(start + 1, _position - start - 1), lines.At(start)), start);
        _position++;
    }

    /// <summary>Python's string escapes; an unknown one stays as it is written.</summary>
    private static string Unescape(ReadOnlySpan<char> literal, int line)
    {
        var text = new StringBuilder(literal.Length);
        for (var i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\')
            {
                text.Append(literal[i]);
                continue;
            }

            var escape = literal[++i];
            switch (escape)
            {
                case '\n': break;
                case 'n': text.Append('\n'); break;
                case 't': text.Append('\t'); break;
                case 'r': text.Append('\r'); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'v': text.Append('\v'); break;
                case '\\' or '\'' or '"': text.Append(escape); break;
                case 'x': i += AppendCodePoint(text, literal[(i + 1)..], 2, line); break;
                case 'u': i += AppendCodePoint(text, literal[(i + 1)..], 4, line); break;
                case 'U': i += AppendCodePoint(text, literal[(i + 1)..], 8, line); break;
                case 'N': throw TemplateException.Unsupported("the string escape '\\N'", line);
                case >= '0' and <= '7': i += AppendOctal(text, literal[i..]) - 1; break;
                default: text.Append('\\').Append(escape); break;
            }
        }

        return text.ToString();
    }

    private static int AppendCodePoint(StringBuilder text, ReadOnlySpan<char> rest, int digits, int line)
    {
        if (rest.Length < digits
            || !int.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point)
            || point is < 0 or > 0x10FFFF)
        {
            throw TemplateException.Syntax("a string holds a broken escape", line);
        }

        text.Append(point < 0x10000 ? ((char)point).ToString() : char.ConvertFromUtf32(point));
        return digits;
    }

    private static int AppendOctal(StringBuilder text, ReadOnlySpan<char> rest)
    {
        var value = 0;
        var count = 0;
        while (count < 3 && count < rest.Length && rest[count] is >= '0' and <= '7')
        {
            value = (value * 8) + (rest[count++] - '0');
        }

        text.Append((char)value);
        return count;
    }

    private void ReadOperator()
    {
        var found = Operators.FirstOrDefault(StartsWith)
            ?? throw TemplateException.Syntax($"unexpected character '{source[_position]}' in a tag", lines.At(_position));
        switch (found)
        {
            case "(": _open.Push(')'); break;
            case "[": _open.Push(']'); break;
            case "{": _open.Push('}'); break;
            case ")" or "]" or "}":
                if (!_open.TryPop(out var expected) || expected != found[0])
                {
                    throw TemplateException.Syntax($"unexpected '{found}'", lines.At(_position));
                }

                break;
        }

        Add(TokenKind.Operator, found, _position);
        _position += found.Length;
    }

    private void Add(TokenKind kind, string text, int at) => tokens.Add(new(kind, text, lines.At(at)));
}
