namespace Pipeline.Text;

internal enum TokenKind
{
    /// <summary>Text outside of tags, whitespace control applied.</summary>
    Data,
    OutputBegin,
    OutputEnd,
    TagBegin,
    TagEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <param name="Text">The data, the name, the operator, the digits, or a string literal's value with its escapes undone.</param>
/// <param name="Line">One-based line where the token starts.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line)
{
    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;

    public bool IsName(string text) => Kind == TokenKind.Name && Text == text;

    public string Describe() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.OutputEnd => "'}}'",
        TokenKind.TagEnd => "'%}'",
        TokenKind.Data or TokenKind.OutputBegin or TokenKind.TagBegin => "text",
        _ => $"'{Text}'",
    };
}
