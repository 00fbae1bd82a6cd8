using System.Globalization;
using System.Numerics;

namespace Pipeline.Text;

/// <summary>Parses expressions by recursive descent, with Jinja's precedence: if-else, or, and, not, comparison, + -, ~, * / // %, **, sign, postfix, filter.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
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

    public ArgumentList ParseArguments()
    {
        tokens.ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<KeyValuePair<string, Expression>>();
        Expression? spread = null;
        Expression? namedSpread = null;
        while (!tokens.Current.IsOperator(")"))
        {
            if (tokens.SkipOperator("*"))
            {
                Ensure(spread is null && namedSpread is null);
                spread = ParseExpression();
            }
            else if (tokens.SkipOperator("**"))
            {
                Ensure(namedSpread is null);
                namedSpread = ParseExpression();
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Next.IsOperator("="))
            {
                Ensure(namedSpread is null);
                var name = tokens.Take().Text;
                tokens.Take();
                named.Add(new(name, ParseExpression()));
            }
            else
            {
                Ensure(spread is null && namedSpread is null && named.Count == 0);
                positional.Add(ParseExpression());
            }

            if (!tokens.SkipOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator(")");
        return new(positional, named, spread, namedSpread);
    }

    /// <summary><c>| name(...) | name ...</c> after a target, or after nothing; null when no filter stands here.</summary>
    public FilterExpression? ParseFilters(Expression? target, bool startInline = false)
    {
        FilterExpression? filter = null;
        while (startInline || tokens.SkipOperator("|"))
        {
            startInline = false;
            var line = tokens.Current.Line;
            var name = ParseDottedName();
            filter = new(line, filter ?? target, name, tokens.Current.IsOperator("(") ? ParseArguments() : ArgumentList.Empty);
        }

        return filter;
    }

    private bool IsTupleEnd(string? endName) =>
        tokens.Current.Kind is TokenKind.OutputEnd or TokenKind.TagEnd || tokens.Current.IsOperator(")")
        || (endName is not null && tokens.Current.IsName(endName));

    private void Ensure(bool valid)
    {
        if (!valid)
        {
            throw TemplateException.Syntax("invalid order of arguments in a call", tokens.Current.Line);
        }
    }

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

    private Expression ParsePrimary()
    {
        var token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Take();
                return ParseName(token);
            case TokenKind.String:
                return ParseString();
            case TokenKind.Integer:
                tokens.Take();
                return new Literal(token.Line, ParseInteger(token));
            case TokenKind.Float:
                tokens.Take();
                return new Literal(token.Line, new FloatValue(double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                tokens.Take();
                var tuple = ParseTuple(inBrackets: true);
                tokens.ExpectOperator(")");
                return tuple;
            case TokenKind.Operator when token.Text == "[":
                tokens.Take();
                return new SequenceLiteral(token.Line, ParseItems("]", () => ParseExpression()), ListKind.List);
            case TokenKind.Operator when token.Text == "{":
                tokens.Take();
                return new DictLiteral(token.Line, ParseItems("}", ParseEntry));
            default:
                throw tokens.Unexpected("an expression");
        }
    }

    private Expression ParseName(TemplateToken token)
    {
        switch (token.Text)
        {
            case "true" or "True":
                return new Literal(token.Line, BooleanValue.True);
            case "false" or "False":
                return new Literal(token.Line, BooleanValue.False);
            case "none" or "None":
                return new Literal(token.Line, NoneValue.Instance);
            default:
                NamesRead.Add(token.Text);
                return new NameExpression(token.Line, token.Text);
        }
    }

    private Literal ParseString()
    {
        var line = tokens.Current.Line;
        var text = tokens.Take().Text;
        while (tokens.Current.Kind == TokenKind.String)
        {
            text += tokens.Take().Text;
        }

        return new(line, new TextValue(MarkedText.Trusted(text)));
    }

    private static IntegerValue ParseInteger(TemplateToken token)
    {
        // Four digits need at most 14 bits: longer literals are over the limit whatever they hold.
        if (token.Text.Length > TemplateLimits.IntegerBits)
        {
            throw TemplateException.Limit($"an integer of {token.Text.Length} digits is too long", token.Line);
        }

        return new(BigInteger.Parse(token.Text, CultureInfo.InvariantCulture));
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = new List<T>();
        while (!tokens.Current.IsOperator(close))
        {
            items.Add(parse());
            if (!tokens.SkipOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator(close);
        return items;
    }

    private KeyValuePair<Expression, Expression> ParseEntry()
    {
        var key = ParseExpression();
        tokens.ExpectOperator(":");
        return new(key, ParseExpression());
    }

    private Expression ParsePostfix(Expression node)
    {
        while (true)
        {
            var token = tokens.Current;
            if (token.IsOperator("."))
            {
                tokens.Take();
                node = ParseAttribute(node, token.Line);
            }
            else if (token.IsOperator("["))
            {
                tokens.Take();
                node = ParseSubscript(node, token.Line);
            }
            else if (token.IsOperator("("))
            {
                node = new CallExpression(token.Line, node, ParseArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private Expression ParseAttribute(Expression target, int line)
    {
        var token = tokens.Take();
        return token.Kind switch
        {
            TokenKind.Name => new AttributeExpression(line, target, token.Text),
            TokenKind.Integer => new ItemExpression(line, target, new Literal(line, ParseInteger(token))),
            _ => throw TemplateException.Syntax($"expected a name after '.', found {token.Describe()}", token.Line),
        };
    }

    private Expression ParseSubscript(Expression target, int line)
    {
        var first = tokens.Current.IsOperator(":") ? null : ParseExpression();
        if (!tokens.Current.IsOperator(":"))
        {
            tokens.ExpectOperator("]");
            return new ItemExpression(line, target, first!);
        }

        tokens.Take();
        var stop = IsSlicePartHere() ? ParseExpression() : null;
        var step = tokens.SkipOperator(":") && IsSlicePartHere() ? ParseExpression() : null;
        tokens.ExpectOperator("]");
        return new SliceExpression(line, target, first, stop, step);
    }

    private bool IsSlicePartHere() => !tokens.Current.IsOperator(":") && !tokens.Current.IsOperator("]");

    private Expression ParseFiltersAndTests(Expression node)
    {
        while (true)
        {
            if (tokens.Current.IsOperator("|"))
            {
                node = ParseFilters(node)!;
            }
            else if (tokens.Current.IsName("is"))
            {
                node = ParseTest(node);
            }
            else if (tokens.Current.IsOperator("("))
            {
                node = new CallExpression(tokens.Current.Line, node, ParseArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private Expression ParseTest(Expression target)
    {
        var line = tokens.Take().Line;
        var negated = tokens.SkipName("not");
        var name = ParseDottedName();
        var arguments = ArgumentList.Empty;
        if (tokens.Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (IsTestArgumentHere())
        {
            arguments = new([tokens.Nested(() => ParsePostfix(ParsePrimary()))], [], null, null);
        }

        var test = new TestExpression(line, target, name, arguments);
        return negated ? new UnaryExpression(line, "not", test) : test;
    }

    private bool IsTestArgumentHere() => tokens.Current switch
    {
        { Kind: TokenKind.Name, Text: "is" } => throw TemplateException.Syntax("tests can't be chained with 'is'", tokens.Current.Line),
        { Kind: TokenKind.Name, Text: "else" or "or" or "and" } => false,
        { Kind: TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float } => true,
        { Kind: TokenKind.Operator, Text: "[" or "{" } => true,
        _ => false,
    };

    private string ParseDottedName()
    {
        var name = tokens.ExpectName();
        while (tokens.SkipOperator("."))
        {
            name += "." + tokens.ExpectName();
        }

        return name;
    }
}
