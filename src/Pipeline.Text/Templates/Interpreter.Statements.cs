namespace Pipeline.Text;

internal sealed partial class Interpreter
{
    /// <summary>How a statement ends: with the next one, or by leaving or repeating the loop around it.</summary>
    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Runs statements in a scope of the caller's; what they print is the result.</summary>
    public TextValue Capture(Block block, Scope scope)
    {
        var output = new MarkedTextWriter(Limits);
        Execute(block, scope, output);
        return output.ToValue();
    }

    private Flow Execute(Block block, Scope scope, MarkedTextWriter output)
    {
        foreach (var statement in block.Statements)
        {
            var flow = Execute(statement, scope, output);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Execute(Statement statement, Scope scope, MarkedTextWriter output)
    {
        Limits.Charge(1);
        Limits.Enter();
        Line = statement.Line;
        var flow = Flow.Next;
        switch (statement)
        {
            case TextStatement text: output.Append(text.Text); break;
            case OutputStatement print: output.Append(Printing.Str(Limits, Evaluate(print.Value, scope))); break;
            case IfStatement choice: flow = ExecuteIf(choice, scope, output); break;
            case ForStatement loop: ExecuteFor(loop, scope, output); break;
            case SetStatement set: Assign(set.Target, Evaluate(set.Value, scope), scope); break;
            case SetBlockStatement set: Assign(set.Target, Filtered(set.Filter, Capture(set.Body, new(scope)), scope), scope); break;
            case WithStatement with: flow = ExecuteWith(with, scope, output); break;
            case MacroStatement macro: scope.Set(macro.Name, new Macro(macro.Macro, scope)); break;
            case CallStatement call: output.Append(Printing.Str(Limits, EvaluateCall(call.Call, scope, new(call.Caller, scope)))); break;
            case FilterStatement filter: output.Append(Printing.Str(Limits, Filtered(filter.Filter, Capture(filter.Body, new(scope)), scope))); break;
            case ScopeStatement inner: Execute(inner.Body, new(scope), output); break;
            case BreakStatement: flow = Flow.Break; break;
            case ContinueStatement: flow = Flow.Continue; break;
            default: throw new ArgumentOutOfRangeException(nameof(statement), statement, null);
        }

        Limits.Leave();
        return flow;
    }

    private Flow ExecuteIf(IfStatement choice, Scope scope, MarkedTextWriter output)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (Evaluate(condition, scope).IsTrue)
            {
                return Execute(body, scope, output);
            }
        }

        return choice.Else is null ? Flow.Next : Execute(choice.Else, scope, output);
    }

    private void ExecuteFor(ForStatement loop, Scope scope, MarkedTextWriter output)
    {
        var iterable = Evaluate(loop.Iterable, scope);
        Line = loop.Line;
        var items = Iterate(iterable);
        if (loop.Filter is not null)
        {
            items = [.. items.Where(item => Evaluate(loop.Filter, Bound(loop.Target, item, scope)).IsTrue)];
        }

        if (items.Count == 0 && loop.Else is not null)
        {
            Execute(loop.Else, new(scope), output);
        }

        var variable = new LoopValue(items);
        for (var i = 0; i < items.Count; i++)
        {
            variable.Index = i;
            var inner = Bound(loop.Target, items[i], scope);
            inner.Set("loop", variable);
            if (Execute(loop.Body, inner, output) == Flow.Break)
            {
                return;
            }
        }
    }

    private Scope Bound(Target target, Value value, Scope scope)
    {
        var inner = new Scope(scope);
        Assign(target, value, inner);
        return inner;
    }

    private Flow ExecuteWith(WithStatement with, Scope scope, MarkedTextWriter output)
    {
        var inner = new Scope(scope);
        foreach (var (target, value) in with.Bindings)
        {
            Assign(target, Evaluate(value, scope), inner);
        }

        return Execute(with.Body, inner, output);
    }

    /// <summary>A block's text through the chain of filters written behind its tag.</summary>
    private Value Filtered(FilterExpression? filter, Value text, Scope scope) => filter is null
        ? text
        : EvaluateFilter(filter, Filtered(filter.Target as FilterExpression, text, scope), scope);

    private void Assign(Target target, Value value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case AttributeTarget attribute:
                var holder = scope.Find(attribute.Namespace) as NamespaceValue
                    ?? throw TemplateException.Runtime($"can't set an attribute of '{attribute.Namespace}': it is not a namespace");
                holder.Attributes[attribute.Name] = value;
                break;
            case TupleTarget tuple:
                AssignAll(tuple, Iterate(value), scope);
                break;
        }
    }

    private void AssignAll(TupleTarget tuple, IReadOnlyList<Value> values, Scope scope)
    {
        if (values.Count != tuple.Items.Count)
        {
            throw TemplateException.Runtime($"{values.Count} values can't be unpacked into {tuple.Items.Count} names");
        }

        for (var i = 0; i < values.Count; i++)
        {
            Assign(tuple.Items[i], values[i], scope);
        }
    }
}
