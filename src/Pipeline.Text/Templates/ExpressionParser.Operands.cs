using System.Globalization;
using System.Numerics;

namespace Pipeline.Text;

internal sealed partial class ExpressionParser
{
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

    private void Ensure(bool valid)
    {
        if (!valid)
        {
            throw TemplateException.Syntax("invalid order of arguments in a call", tokens.Current.Line);
        }
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
