namespace Pipeline.Text;

/// <summary>Parses statements: the tags of Jinja that chat templates use, with the loop controls and the generation tag of transformers.</summary>
internal sealed class TemplateParser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
    {
        _tokens = new(tokens);
        _expressions = new(_tokens);
    }

    /// <summary>The template's statements.</summary>
    /// <exception cref="TemplateException">Not Jinja, not supported, or nested too deeply; with the line.</exception>
    public static Block Parse(string source)
    {
        var parser = new TemplateParser(TemplateLexer.Tokenize(source));
        var block = parser.ParseBlock([]);
        return parser._tokens.Current.Kind == TokenKind.End ? block : throw parser._tokens.Unexpected("the end of the template");
    }

    /// <summary>Statements up to a tag of one of the names, of which the opening is consumed; or to the template's end.</summary>
    private Block ParseBlock(IReadOnlyCollection<string> endNames)
    {
        var statements = new List<Statement>();
        while (true)
        {
            var token = _tokens.Take();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new TextStatement(token.Line, MarkedText.Trusted(token.Text)));
                    break;
                case TokenKind.OutputBegin:
                    statements.Add(new OutputStatement(token.Line, _expressions.ParseTuple()));
                    _tokens.Expect(TokenKind.OutputEnd);
                    break;
                case TokenKind.TagBegin:
                    if (_tokens.Current.Kind == TokenKind.Name && endNames.Contains(_tokens.Current.Text))
                    {
                        return new(statements);
                    }

                    statements.Add(_tokens.Nested(ParseStatement));
                    _tokens.Expect(TokenKind.TagEnd);
                    break;
                default:
                    return endNames.Count == 0
                        ? new(statements)
                        : throw TemplateException.Syntax($"the template ends where {Tags(endNames)} was expected", token.Line);
            }
        }
    }

    private static string Tags(IEnumerable<string> names) => string.Join(" or ", names.Select(name => $"'{{% {name} %}}'"));

    /// <summary>The rest of an opening tag, its statements, and the name of the tag that ends them.</summary>
    private Block ParseBody(params IReadOnlyCollection<string> endNames)
    {
        // Python's colon after a block's head is allowed, as in Jinja.
        _tokens.SkipOperator(":");
        _tokens.Expect(TokenKind.TagEnd);
        return ParseBlock(endNames);
    }

    private Block ParseBodyToEnd(string endName)
    {
        var body = ParseBody(endName);
        _tokens.Take();
        return body;
    }

    private Statement ParseStatement()
    {
        var line = _tokens.Current.Line;
        var name = _tokens.ExpectName();
        switch (name)
        {
            case "if": return ParseIf(line);
            case "for": return ParseFor(line);
            case "set": return ParseSet(line);
            case "with": return ParseWith(line);
            case "macro": return ParseMacro(line);
            case "call": return ParseCall(line);
            case "filter": return new FilterStatement(line, _expressions.ParseFilters(null, startInline: true)!, ParseBodyToEnd("endfilter"));
            case "generation": return new ScopeStatement(line, ParseOutsideLoop(() => ParseBodyToEnd("endgeneration")));
            case "break": return InLoop(new BreakStatement(line), name);
            case "continue": return InLoop(new ContinueStatement(line), name);
            case "block" or "extends" or "include" or "import" or "from" or "autoescape" or "print" or "do" or "trans" or "debug":
                throw TemplateException.Unsupported($"the tag '{name}'", line);
            default: throw TemplateException.Syntax($"unknown tag '{name}'", line);
        }
    }

    private Statement InLoop(Statement statement, string name) =>
        _loops > 0 ? statement : throw TemplateException.Syntax($"'{name}' outside of a loop", statement.Line);

    /// <summary>Bodies that Jinja compiles to functions of their own: no loop around them can be left from inside.</summary>
    private T ParseOutsideLoop<T>(Func<T> parse)
    {
        var loops = _loops;
        _loops = 0;
        var result = parse();
        _loops = loops;
        return result;
    }

    private IfStatement ParseIf(int line)
    {
        var branches = new List<(Expression, Block)>();
        while (true)
        {
            var condition = _expressions.ParseTuple(conditional: false);
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            switch (_tokens.Take().Text)
            {
                case "elif": continue;
                case "else": return new(line, branches, ParseBodyToEnd("endif"));
                default: return new(line, branches, null);
            }
        }
    }

    private ForStatement ParseFor(int line)
    {
        var target = ParseTarget("in", allowAttribute: false);
        if (!_tokens.SkipName("in"))
        {
            throw _tokens.Unexpected("'in'");
        }

        var iterable = _expressions.ParseTuple(conditional: false, endName: "recursive");
        var filter = _tokens.SkipName("if") ? _expressions.ParseExpression() : null;
        if (_tokens.Current.IsName("recursive"))
        {
            throw TemplateException.Unsupported("a recursive loop", line);
        }

        _loops++;
        var body = ParseBody("else", "endfor");
        _loops--;
        return new(line, target, iterable, filter, body, _tokens.Take().Text == "else" ? ParseBodyToEnd("endfor") : null);
    }

    private Statement ParseSet(int line)
    {
        var target = ParseTarget(null, allowAttribute: true);
        if (_tokens.SkipOperator("="))
        {
            return new SetStatement(line, target, _expressions.ParseTuple());
        }

        var filter = _expressions.ParseFilters(null);
        return new SetBlockStatement(line, target, filter, ParseBodyToEnd("endset"));
    }

    private WithStatement ParseWith(int line)
    {
        var bindings = new List<(Target, Expression)>();
        while (_tokens.Current.Kind != TokenKind.TagEnd)
        {
            if (bindings.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            var target = ParseTarget(null, allowAttribute: false);
            _tokens.ExpectOperator("=");
            bindings.Add((target, _expressions.ParseExpression()));
        }

        return new(line, bindings, ParseBodyToEnd("endwith"));
    }

    private MacroStatement ParseMacro(int line)
    {
        var name = _tokens.ExpectName();
        return new(line, name, ParseMacroBody(name, ParseParameters(), "endmacro"));
    }

    private CallStatement ParseCall(int line)
    {
        var parameters = _tokens.Current.IsOperator("(") ? ParseParameters() : [];
        var call = _expressions.ParseExpression() as CallExpression
            ?? throw TemplateException.Syntax("'call' needs a call of a macro", line);
        return new(line, call, ParseMacroBody("caller", parameters, "endcall"));
    }

    private MacroBody ParseMacroBody(string name, IReadOnlyList<(string, Expression?)> parameters, string endName)
    {
        var outer = _expressions.NamesRead;
        _expressions.NamesRead = new(StringComparer.Ordinal);
        var body = ParseOutsideLoop(() => ParseBodyToEnd(endName));
        var read = _expressions.NamesRead;
        _expressions.NamesRead = outer;
        return new(name, parameters, body, read.Contains("varargs"), read.Contains("kwargs"));
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        _tokens.ExpectOperator("(");
        while (!_tokens.Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            var line = _tokens.Current.Line;
            var name = _tokens.ExpectName();
            var value = _tokens.SkipOperator("=") ? _expressions.ParseExpression() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw TemplateException.Syntax("a parameter without default follows one with a default", line);
            }

            parameters.Add((name, value));
        }

        _tokens.ExpectOperator(")");
        return parameters;
    }

    /// <summary>A name, an attribute of a namespace, or several with commas between them.</summary>
    private Target ParseTarget(string? endName, bool allowAttribute)
    {
        var line = _tokens.Current.Line;
        var items = new List<Target> { ParseSingleTarget(endName, allowAttribute) };
        var isTuple = false;
        while (_tokens.SkipOperator(","))
        {
            isTuple = true;
            var isItem = _tokens.Current.Kind == TokenKind.Name || _tokens.Current.IsOperator("(");
            if (!isItem || (endName is not null && _tokens.Current.IsName(endName)))
            {
                break;
            }

            items.Add(ParseSingleTarget(endName, allowAttribute));
        }

        return isTuple ? new TupleTarget(line, items) : items[0];
    }

    private Target ParseSingleTarget(string? endName, bool allowAttribute)
    {
        var line = _tokens.Current.Line;
        if (_tokens.SkipOperator("("))
        {
            var inner = _tokens.Nested(() => ParseTarget(endName, allowAttribute));
            _tokens.ExpectOperator(")");
            return inner;
        }

        var name = _tokens.ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw TemplateException.Syntax($"can't assign to '{name}'", line);
        }

        return allowAttribute && _tokens.SkipOperator(".")
            ? new AttributeTarget(line, name, _tokens.ExpectName())
            : new NameTarget(line, name);
    }
}
