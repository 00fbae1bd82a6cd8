namespace Pipeline.Text;

/// <summary>
/// Parses expressions by recursive descent, with Jinja's precedence: if-else, or, and, not, comparison, + -, ~, * / // %, **,
/// sign, postfix, filter.
/// Operators here; what they join in the other part.
/// </summary>
internal sealed partial class ExpressionParser(TokenStream tokens)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>Names read since the start, so that a macro learns whether it uses varargs or kwargs.</summary>
    public HashSet<string> NamesRead { get; set; } = new(StringComparer.Ordinal);

    public Expression ParseExpression(bool conditional = true) => tokens.Nested(() => conditional ? ParseConditional() : ParseOr());

    /// <summary>An expression, or a tuple where commas follow; ends at the tag's end, a bracket, or the name given.</summary>
    public Expression ParseTuple(bool conditional = true, bool inBrackets = false, string? endName = null)
    {
        var line = tokens.Current.Line;
        var items = new List<Expression>();
        var isTuple = false;
        while (!IsTupleEnd(endName))
        {
            items.Add(ParseExpression(conditional));
            if (!tokens.SkipOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
        {
            return items[0];
        }

        return items.Count > 0 || inBrackets
            ? new SequenceLiteral(line, items, ListKind.Tuple)
            : throw tokens.Unexpected("an expression");
    }

    private bool IsTupleEnd(string? endName) =>
        tokens.Current.Kind is TokenKind.OutputEnd or TokenKind.TagEnd || tokens.Current.IsOperator(")")
        || (endName is not null && tokens.Current.IsName(endName));

    private Expression ParseConditional()
    {
        var line = tokens.Current.Line;
        var then = ParseOr();
        while (tokens.SkipName("if"))
        {
            var condition = ParseOr();
            then = new ConditionalExpression(line, condition, then, tokens.SkipName("else") ? ParseExpression() : null);
        }

        return then;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (tokens.Current.IsName("or"))
        {
            left = new LogicExpression(tokens.Take().Line, IsAnd: false, left, ParseAnd());
        }

        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (tokens.Current.IsName("and"))
        {
            left = new LogicExpression(tokens.Take().Line, IsAnd: true, left, ParseNot());
        }

        return left;
    }

    private Expression ParseNot() => tokens.Current.IsName("not")
        ? new UnaryExpression(tokens.Take().Line, "not", tokens.Nested(ParseNot))
        : ParseCompare();

    private Expression ParseCompare()
    {
        var line = tokens.Current.Line;
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && Comparisons.Contains(tokens.Current.Text))
            {
                rest.Add((tokens.Take().Text, ParseSum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.Current.IsName("not") && tokens.Next.IsName("in"))
            {
                tokens.Take();
                tokens.Take();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(line, first, rest);
            }
        }
    }

    private Expression ParseSum()
    {
        var left = ParseConcat();
        while (tokens.Current.IsOperator("+") || tokens.Current.IsOperator("-"))
        {
            var token = tokens.Take();
            left = new BinaryExpression(token.Line, token.Text, left, ParseConcat());
        }

        return left;
    }

    private Expression ParseConcat()
    {
        var line = tokens.Current.Line;
        var first = ParseProduct();
        if (!tokens.Current.IsOperator("~"))
        {
            return first;
        }

        var parts = new List<Expression> { first };
        while (tokens.SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return new ConcatExpression(line, parts);
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
        {
            var token = tokens.Take();
            left = new BinaryExpression(token.Line, token.Text, left, ParsePower());
        }

        return left;
    }

    /// <summary>Unlike Python's, Jinja's power groups to the left.</summary>
    private Expression ParsePower()
    {
        var left = ParseUnary();
        while (tokens.Current.IsOperator("**"))
        {
            left = new BinaryExpression(tokens.Take().Line, "**", left, ParseUnary());
        }

        return left;
    }

    private Expression ParseUnary(bool withFilter = true)
    {
        Expression node;
        if (tokens.Current is { Kind: TokenKind.Operator, Text: "-" or "+" })
        {
            var token = tokens.Take();
            node = new UnaryExpression(token.Line, token.Text, tokens.Nested(() => ParseUnary(withFilter: false)));
        }
        else
        {
            node = ParsePrimary();
        }

        node = ParsePostfix(node);
        return withFilter ? ParseFiltersAndTests(node) : node;
    }
}
