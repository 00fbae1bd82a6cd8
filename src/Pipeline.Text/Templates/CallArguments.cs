namespace Pipeline.Text;

/// <summary>Evaluated arguments of a call.</summary>
internal sealed record CallArguments(IReadOnlyList<Value> Positional, IReadOnlyList<KeyValuePair<string, Value>> Named)
{
    public static CallArguments None { get; } = new([], []);

    public CallArguments Skip(int count) => new([.. Positional.Skip(count)], Named);

    /// <summary>The named argument, or null.</summary>
    public Value? Find(string name)
    {
        foreach (var (key, value) in Named)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }
}

/// <summary>What a native function, filter, test or method is given: its arguments in the order of its parameters, null where absent.</summary>
internal sealed class NativeCall(Interpreter interpreter, string name, Value self, Value?[] arguments, CallArguments raw)
{
    public Interpreter Interpreter { get; } = interpreter;

    public TemplateLimits Limits => Interpreter.Limits;

    /// <summary>The value left of the bar, of <c>is</c>, or of the method's dot.</summary>
    public Value Self { get; } = self;

    /// <summary>All arguments as given, for functions that take any.</summary>
    public CallArguments Raw { get; } = raw;

    public Value? this[int index] => arguments[index];

    /// <summary>The receiver's text: what filters make of any value by str().</summary>
    public MarkedText SelfText => Printing.Str(Limits, Self);

    public bool Flag(int index) => arguments[index]?.IsTrue ?? false;

    public MarkedText? OptionalText(int index) => arguments[index] switch
    {
        null or NoneValue => null,
        TextValue text => text.Marked,
        var other => throw Wrong(other, "a text"),
    };

    public MarkedText Text(int index) => OptionalText(index) ?? throw Wrong(arguments[index]!, "a text");

    public int Integer(int index, int absent) => arguments[index] switch
    {
        null or NoneValue => absent,
        var value when Numbers.TryInteger(value, out var number) => System.Numerics.BigInteger.Abs(number) <= TemplateLimits.Argument
            ? (int)number
            : throw TemplateException.Limit($"'{name}' takes no integer beyond {TemplateLimits.Argument}"),
        var other => throw Wrong(other, "an integer"),
    };

    public MarkedTextWriter Writer() => new(Limits);

    public TemplateException Wrong(Value value, string expected) => value is UndefinedValue undefined
        ? TemplateException.Runtime(undefined.Message)
        : TemplateException.Runtime($"'{name}' takes {expected}, not a {value.TypeName}");
}

/// <summary>A function written in C#, with the names of its parameters.</summary>
internal sealed class Native
{
    private readonly string[] _parameters;
    private readonly int _required;
    private readonly bool _takesAny;
    private readonly Func<NativeCall, Value> _body;

    /// <param name="name">For messages.</param>
    /// <param name="signature">Names with blanks between them; <c>?</c> after an optional one; <c>*</c> alone takes anything.</param>
    public Native(string name, string signature, Func<NativeCall, Value> body)
    {
        Name = name;
        _body = body;
        _takesAny = signature == "*";
        var parameters = _takesAny ? [] : signature.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        _required = parameters.Count(parameter => !parameter.EndsWith('?'));
        _parameters = [.. parameters.Select(parameter => parameter.TrimEnd('?'))];
    }

    public string Name { get; }

    public Value Invoke(Interpreter interpreter, Value self, CallArguments arguments)
    {
        // Scanning a receiver or an argument, and making the result, is paid for here, once for all functions; containers are
        // paid for as they are iterated.
        interpreter.Limits.Charge(TemplateLimits.ObjectCost);
        ChargeText(interpreter.Limits, self);
        foreach (var argument in arguments.Positional)
        {
            ChargeText(interpreter.Limits, argument);
        }

        return _body(new(interpreter, Name, self, _takesAny ? [] : Bind(arguments), arguments));
    }

    private static void ChargeText(TemplateLimits limits, Value value)
    {
        if (value is TextValue text)
        {
            limits.ChargeText(text.Marked.Length);
        }
    }

    private Value?[] Bind(CallArguments arguments)
    {
        if (arguments.Positional.Count > _parameters.Length)
        {
            throw TemplateException.Runtime($"'{Name}' takes at most {_parameters.Length} arguments, {arguments.Positional.Count} given");
        }

        var bound = new Value?[_parameters.Length];
        for (var i = 0; i < arguments.Positional.Count; i++)
        {
            bound[i] = arguments.Positional[i];
        }

        foreach (var (name, value) in arguments.Named)
        {
            var index = Array.IndexOf(_parameters, name);
            if (index < 0 || bound[index] is not null)
            {
                throw TemplateException.Runtime($"'{Name}' got an unexpected or repeated argument '{name}'");
            }

            bound[index] = value;
        }

        var missing = Array.FindIndex(bound, 0, _required, value => value is null);
        return missing < 0 ? bound : throw TemplateException.Runtime($"'{Name}' misses its argument '{_parameters[missing]}'");
    }
}

/// <summary>A native with its receiver: <c>'a b'.split</c>, or a global function, whose receiver is none.</summary>
internal sealed class NativeValue(Native native, Value self) : CallableValue
{
    public override Value Call(Interpreter interpreter, CallArguments arguments) => native.Invoke(interpreter, self, arguments);
}

/// <summary>Natives by name.</summary>
internal sealed class NativeTable
{
    private readonly Dictionary<string, Native> _natives = new(StringComparer.Ordinal);

    public Native? Find(string name) => _natives.GetValueOrDefault(name);

    /// <param name="names">One name, or several with blanks between them.</param>
    public NativeTable Add(string names, string signature, Func<NativeCall, Value> body)
    {
        foreach (var name in names.Split(' '))
        {
            _natives.Add(name, new(name, signature, body));
        }

        return this;
    }
}
