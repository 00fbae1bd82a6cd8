using System.Runtime.CompilerServices;

namespace Pipeline.Text;

/// <summary>A place in the tokens of a template, with the parser's bound on nesting.</summary>
internal sealed class TokenStream(IReadOnlyList<TemplateToken> tokens)
{
    private int _position;
    private int _depth;

    public TemplateToken Current => tokens[_position];

    public TemplateToken Next => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    /// <summary>The current token; the stream stays on the last one.</summary>
    public TemplateToken Take()
    {
        var token = Current;
        _position = Math.Min(_position + 1, tokens.Count - 1);
        return token;
    }

    public bool SkipOperator(string text) => Skip(Current.IsOperator(text));

    public bool SkipName(string text) => Skip(Current.IsName(text));

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    public string ExpectName() => Current.Kind == TokenKind.Name ? Take().Text : throw Unexpected("a name");

    public void Expect(TokenKind kind)
    {
        if (!Skip(Current.Kind == kind))
        {
            throw Unexpected(new TemplateToken(kind, "", 0).Describe());
        }
    }

    public TemplateException Unexpected(string expected) =>
        TemplateException.Syntax($"expected {expected}, found {Current.Describe()}", Current.Line);

    /// <summary>Parses something one level deeper, refused beyond <see cref="TemplateLimits.ParseDepth"/>.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_depth > TemplateLimits.ParseDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TemplateException.Limit($"brackets or statements nested deeper than {TemplateLimits.ParseDepth}", Current.Line);
        }

        var result = parse();
        _depth--;
        return result;
    }

    private bool Skip(bool matches)
    {
        if (matches)
        {
            Take();
        }

        return matches;
    }
}
