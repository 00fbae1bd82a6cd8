namespace Pipeline.Text;

/// <summary>Evaluates expressions; <see cref="Interpreter"/>'s other part runs statements.</summary>
internal sealed partial class Interpreter(TemplateLimits limits)
{
    public TemplateLimits Limits { get; } = limits;

    /// <summary>The line of what is being evaluated, for messages.</summary>
    public int Line { get; private set; }

    public Value Evaluate(Expression expression, Scope scope)
    {
        Limits.Charge(1);
        Limits.Enter();
        Line = expression.Line;
        var value = expression switch
        {
            Literal literal => literal.Value,
            NameExpression name => EvaluateName(name, scope),
            AttributeExpression attribute => Members.Attribute(Evaluate(attribute.Target, scope), attribute.Name),
            ItemExpression item => EvaluateItem(item, scope),
            SliceExpression slice => EvaluateSlice(slice, scope),
            CallExpression call => EvaluateCall(call, scope, caller: null),
            FilterExpression filter => EvaluateFilter(filter, Evaluate(filter.Target!, scope), scope),
            TestExpression test => EvaluateTest(test, scope),
            SequenceLiteral sequence => EvaluateSequence(sequence, scope),
            DictLiteral dict => EvaluateDict(dict, scope),
            UnaryExpression unary => EvaluateUnary(unary, scope),
            BinaryExpression binary => EvaluateBinary(binary, scope),
            ConcatExpression concat => EvaluateConcat(concat, scope),
            CompareExpression compare => EvaluateCompare(compare, scope),
            LogicExpression logic => EvaluateLogic(logic, scope),
            ConditionalExpression conditional => EvaluateConditional(conditional, scope),
            _ => throw new ArgumentOutOfRangeException(nameof(expression), expression, null),
        };
        Limits.Leave();
        return value;
    }

    /// <summary>The elements of a value for one iteration, paid for.</summary>
    public IReadOnlyList<Value> Iterate(Value value)
    {
        if (value is TextValue characters)
        {
            Limits.Charge((long)characters.Text.Length * TemplateLimits.ObjectCost);
            return PythonText.Characters(characters.Marked);
        }

        IReadOnlyList<Value> items = value switch
        {
            ListValue list => list.Take(),
            DictValue dict => [.. dict.Entries.Select(entry => entry.Key)],
            UndefinedValue => [],
            _ => throw TemplateException.Runtime($"'{value.TypeName}' is not iterable"),
        };
        Limits.Charge(items.Count);
        return items;
    }

    public Value ApplyFilter(string name, Value self, CallArguments arguments) =>
        Filters.Get(name).Invoke(this, self, arguments);

    public bool ApplyTest(string name, Value self, CallArguments arguments) =>
        JinjaTests.Get(name).Invoke(this, self, arguments).IsTrue;

    private List<Value> EvaluateAll(IReadOnlyList<Expression> expressions, Scope scope)
    {
        var values = new List<Value>(expressions.Count);
        foreach (var expression in expressions)
        {
            values.Add(Evaluate(expression, scope));
        }

        return values;
    }

    private Value EvaluateName(NameExpression name, Scope scope)
    {
        Limits.Charge(scope.Depth);
        return scope.Find(name.Name) ?? Functions.Find(name.Name) ?? new UndefinedValue($"'{name.Name}' is undefined");
    }

    private ListValue EvaluateSequence(SequenceLiteral sequence, Scope scope)
    {
        Limits.Charge(TemplateLimits.ObjectCost);
        return new(EvaluateAll(sequence.Items, scope), sequence.Kind);
    }

    private Value EvaluateItem(ItemExpression item, Scope scope)
    {
        var target = Evaluate(item.Target, scope);
        var key = Evaluate(item.Key, scope);
        Line = item.Line;
        return Members.Item(Limits, target, key);
    }

    private Value EvaluateSlice(SliceExpression slice, Scope scope)
    {
        var target = Evaluate(slice.Target, scope);
        var start = slice.Start is null ? null : Evaluate(slice.Start, scope);
        var stop = slice.Stop is null ? null : Evaluate(slice.Stop, scope);
        var step = slice.Step is null ? null : Evaluate(slice.Step, scope);
        Line = slice.Line;
        return Slicing.Slice(Limits, target, start, stop, step);
    }

    private Value EvaluateCall(CallExpression call, Scope scope, Macro? caller)
    {
        var target = Evaluate(call.Target, scope);
        var arguments = EvaluateArguments(call.Arguments, scope);
        Line = call.Line;
        if (Operators.Defined(target) is not CallableValue callable)
        {
            throw TemplateException.Runtime($"a {target.TypeName} can't be called");
        }

        return callable.Call(this, caller is null ? arguments : arguments with { Named = [.. arguments.Named, new("caller", caller)] });
    }

    private CallArguments EvaluateArguments(ArgumentList list, Scope scope)
    {
        var positional = EvaluateAll(list.Positional, scope);
        if (list.Spread is not null)
        {
            positional.AddRange(Iterate(Evaluate(list.Spread, scope)));
        }

        var named = new List<KeyValuePair<string, Value>>(list.Named.Count);
        foreach (var (name, expression) in list.Named)
        {
            named.Add(new(name, Evaluate(expression, scope)));
        }

        if (list.NamedSpread is not null)
        {
            var spread = Evaluate(list.NamedSpread, scope) as DictValue ?? throw TemplateException.Runtime("'**' needs a dict");
            Limits.Charge(spread.Entries.Count);
            named.AddRange(spread.Entries.Select(entry => KeyValuePair.Create(
                entry.Key is TextValue key ? key.Text : throw TemplateException.Runtime("keywords must be strings"), entry.Value)));
        }

        return named.DistinctBy(pair => pair.Key).Count() == named.Count
            ? new(positional, named)
            : throw TemplateException.Runtime("an argument is given twice");
    }

    private Value EvaluateFilter(FilterExpression filter, Value self, Scope scope)
    {
        var arguments = EvaluateArguments(filter.Arguments, scope);
        Line = filter.Line;
        return ApplyFilter(filter.Name, self, arguments);
    }

    private BooleanValue EvaluateTest(TestExpression test, Scope scope)
    {
        var self = Evaluate(test.Target, scope);
        var arguments = EvaluateArguments(test.Arguments, scope);
        Line = test.Line;
        return ApplyTest(test.Name, self, arguments) ? BooleanValue.True : BooleanValue.False;
    }

    private DictValue EvaluateDict(DictLiteral dict, Scope scope)
    {
        Limits.Charge(TemplateLimits.ObjectCost * (1 + dict.Entries.Count));
        var entries = new List<KeyValuePair<Value, Value>>(dict.Entries.Count);
        foreach (var (key, value) in dict.Entries)
        {
            entries.Add(new(Evaluate(key, scope), Evaluate(value, scope)));
        }

        return new(entries);
    }

    private Value EvaluateUnary(UnaryExpression unary, Scope scope)
    {
        var operand = Evaluate(unary.Operand, scope);
        Line = unary.Line;
        return unary.Operator == "not" ? Value.Of(!operand.IsTrue) : Operators.Negate(operand, unary.Operator);
    }

    private Value EvaluateBinary(BinaryExpression binary, Scope scope)
    {
        var left = Evaluate(binary.Left, scope);
        var right = Evaluate(binary.Right, scope);
        Line = binary.Line;
        return Operators.Binary(Limits, binary.Operator, left, right);
    }

    private TextValue EvaluateConcat(ConcatExpression concat, Scope scope)
    {
        var values = EvaluateAll(concat.Parts, scope);
        Line = concat.Line;
        var writer = new MarkedTextWriter(Limits);
        foreach (var value in values)
        {
            writer.Append(Printing.Str(Limits, value));
        }

        return writer.ToValue();
    }

    private BooleanValue EvaluateCompare(CompareExpression compare, Scope scope)
    {
        var left = Evaluate(compare.First, scope);
        foreach (var (operation, operand) in compare.Rest)
        {
            var right = Evaluate(operand, scope);
            Line = compare.Line;
            if (!Operators.Compare(Limits, operation, left, right))
            {
                return BooleanValue.False;
            }

            left = right;
        }

        return BooleanValue.True;
    }

    private Value EvaluateLogic(LogicExpression logic, Scope scope)
    {
        var left = Evaluate(logic.Left, scope);
        return left.IsTrue == logic.IsAnd ? Evaluate(logic.Right, scope) : left;
    }

    private Value EvaluateConditional(ConditionalExpression conditional, Scope scope)
    {
        if (Evaluate(conditional.Condition, scope).IsTrue)
        {
            return Evaluate(conditional.Then, scope);
        }

        return conditional.Else is null
            ? new UndefinedValue("the inline if-expression evaluated to false and no else section was defined")
            : Evaluate(conditional.Else, scope);
    }
}
