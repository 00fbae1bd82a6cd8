namespace Pipeline.Text;

/// <summary>A macro, or the body of a call block, with the scope it was written in.</summary>
internal sealed class Macro(MacroBody body, Scope closure) : CallableValue
{
    public override string TypeName => "macro";

    public string Name => body.Name;

    /// <summary>Runs the body with the arguments as its variables; its text is the result.</summary>
    public override Value Call(Interpreter interpreter, CallArguments arguments)
    {
        var scope = new Scope(closure);
        var named = arguments.Named.ToDictionary(StringComparer.Ordinal);
        named.Remove("caller", out var caller);
        scope.Set("caller", caller ?? new UndefinedValue("No caller defined"));
        for (var i = 0; i < body.Parameters.Count; i++)
        {
            var (name, fallback) = body.Parameters[i];
            if (i < arguments.Positional.Count)
            {
                scope.Set(name, arguments.Positional[i]);
            }
            else if (named.Remove(name, out var value))
            {
                scope.Set(name, value);
            }
            else
            {
                scope.Set(name, fallback is null ? new UndefinedValue($"parameter '{name}' was not provided") : interpreter.Evaluate(fallback, scope));
            }
        }

        TakeRest(scope, arguments, named);
        return interpreter.Capture(body.Body, scope);
    }

    private void TakeRest(Scope scope, CallArguments arguments, Dictionary<string, Value> named)
    {
        var extra = arguments.Positional.Skip(body.Parameters.Count).ToList();
        if (extra.Count > 0 && !body.UsesVarargs)
        {
            throw TemplateException.Runtime($"macro '{Name}' takes at most {body.Parameters.Count} arguments");
        }

        if (named.Count > 0 && !body.UsesKwargs)
        {
            throw TemplateException.Runtime($"macro '{Name}' takes no argument '{named.Keys.First()}'");
        }

        scope.Set("varargs", ListValue.Tuple(extra));
        scope.Set("kwargs", new DictValue(named.Select(pair => KeyValuePair.Create(Value.Of(MarkedText.Trusted(pair.Key)), pair.Value))));
    }
}
