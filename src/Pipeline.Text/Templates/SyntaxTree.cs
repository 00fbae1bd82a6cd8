namespace Pipeline.Text;

/// <param name="Line">One-based line in the template.</param>
internal abstract record Expression(int Line);

internal sealed record Literal(int Line, Value Value) : Expression(Line);

internal sealed record NameExpression(int Line, string Name) : Expression(Line);

internal sealed record SequenceLiteral(int Line, IReadOnlyList<Expression> Items, ListKind Kind) : Expression(Line);

internal sealed record DictLiteral(int Line, IReadOnlyList<KeyValuePair<Expression, Expression>> Entries) : Expression(Line);

/// <summary><c>target.name</c>: an attribute first, then a key.</summary>
internal sealed record AttributeExpression(int Line, Expression Target, string Name) : Expression(Line);

/// <summary><c>target[key]</c>: a key first, then an attribute.</summary>
internal sealed record ItemExpression(int Line, Expression Target, Expression Key) : Expression(Line);

internal sealed record SliceExpression(int Line, Expression Target, Expression? Start, Expression? Stop, Expression? Step) : Expression(Line);

internal sealed record CallExpression(int Line, Expression Target, ArgumentList Arguments) : Expression(Line);

/// <param name="Target">Null in <c>{% filter %}</c> and <c>{% set x | filter %}</c>, where the block's text takes its place.</param>
internal sealed record FilterExpression(int Line, Expression? Target, string Name, ArgumentList Arguments) : Expression(Line);

internal sealed record TestExpression(int Line, Expression Target, string Name, ArgumentList Arguments) : Expression(Line);

/// <param name="Operator"><c>-</c>, <c>+</c> or <c>not</c>.</param>
internal sealed record UnaryExpression(int Line, string Operator, Expression Operand) : Expression(Line);

internal sealed record BinaryExpression(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

internal sealed record ConcatExpression(int Line, IReadOnlyList<Expression> Parts) : Expression(Line);

/// <summary><c>a &lt; b &lt; c</c>: each neighbouring pair must hold.</summary>
internal sealed record CompareExpression(int Line, Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest) : Expression(Line);

/// <param name="IsAnd">Else <c>or</c>.</param>
internal sealed record LogicExpression(int Line, bool IsAnd, Expression Left, Expression Right) : Expression(Line);

internal sealed record ConditionalExpression(int Line, Expression Condition, Expression Then, Expression? Else) : Expression(Line);

/// <summary>Arguments as written: <c>a, b, name=c, *list, **dict</c>.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<KeyValuePair<string, Expression>> Named,
    Expression? Spread,
    Expression? NamedSpread)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);
}

internal abstract record Statement(int Line);

internal sealed record TextStatement(int Line, MarkedText Text) : Statement(Line);

internal sealed record OutputStatement(int Line, Expression Value) : Statement(Line);

internal sealed record IfStatement(int Line, IReadOnlyList<(Expression Condition, Block Body)> Branches, Block? Else) : Statement(Line);

internal sealed record ForStatement(
    int Line, Target Target, Expression Iterable, Expression? Filter, Block Body, Block? Else) : Statement(Line);

internal sealed record SetStatement(int Line, Target Target, Expression Value) : Statement(Line);

internal sealed record SetBlockStatement(int Line, Target Target, FilterExpression? Filter, Block Body) : Statement(Line);

internal sealed record WithStatement(int Line, IReadOnlyList<(Target Target, Expression Value)> Bindings, Block Body) : Statement(Line);

internal sealed record MacroStatement(int Line, string Name, MacroBody Macro) : Statement(Line);

internal sealed record CallStatement(int Line, CallExpression Call, MacroBody Caller) : Statement(Line);

internal sealed record FilterStatement(int Line, FilterExpression Filter, Block Body) : Statement(Line);

/// <summary><c>{% generation %}</c>: marks for training what the assistant wrote; when rendering it is only a scope.</summary>
internal sealed record ScopeStatement(int Line, Block Body) : Statement(Line);

internal sealed record BreakStatement(int Line) : Statement(Line);

internal sealed record ContinueStatement(int Line) : Statement(Line);

internal sealed record Block(IReadOnlyList<Statement> Statements);

/// <param name="UsesVarargs">Whether the body names <c>varargs</c>, which makes it take more arguments than it declares.</param>
/// <param name="UsesKwargs">Whether the body names <c>kwargs</c>.</param>
internal sealed record MacroBody(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Block Body, bool UsesVarargs, bool UsesKwargs);

/// <summary>What an assignment writes to.</summary>
internal abstract record Target(int Line);

internal sealed record NameTarget(int Line, string Name) : Target(Line);

/// <summary><c>set ns.name</c>, of a namespace.</summary>
internal sealed record AttributeTarget(int Line, string Namespace, string Name) : Target(Line);

internal sealed record TupleTarget(int Line, IReadOnlyList<Target> Items) : Target(Line);
