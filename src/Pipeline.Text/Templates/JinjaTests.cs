namespace Pipeline.Text;

/// <summary>What may stand behind <c>is</c>.</summary>
internal static class JinjaTests
{
    private static readonly NativeTable Table = new NativeTable()
        .Add("defined", "", call => Value.Of(call.Self is not UndefinedValue))
        .Add("undefined", "", call => Value.Of(call.Self is UndefinedValue))
        .Add("none", "", call => Value.Of(call.Self is NoneValue))
        .Add("boolean", "", call => Value.Of(call.Self is BooleanValue))
        .Add("true", "", call => Value.Of(call.Self == BooleanValue.True))
        .Add("false", "", call => Value.Of(call.Self == BooleanValue.False))
        .Add("integer", "", call => Value.Of(call.Self is IntegerValue))
        .Add("float", "", call => Value.Of(call.Self is FloatValue))
        .Add("number", "", call => Value.Of(call.Self is IntegerValue or FloatValue or BooleanValue))
        .Add("string", "", call => Value.Of(call.Self is TextValue))
        .Add("mapping", "", call => Value.Of(call.Self is DictValue))
        .Add("iterable", "", call => Value.Of(call.Self is TextValue or ListValue or DictValue or UndefinedValue or LoopValue))
        .Add("sequence", "", call => Value.Of(call.Self is TextValue or ListValue { Kind: not ListKind.Generator } or DictValue or UndefinedValue))
        .Add("callable", "", call => Value.Of(call.Self is CallableValue or UndefinedValue or LoopValue))
        .Add("sameas", "other", call => Value.Of(IsSame(call.Self, call[0]!)))
        .Add("escaped", "", _ => BooleanValue.False)
        .Add("lower", "", call => Value.Of(Casing.IsLower(call.SelfText.Text)))
        .Add("upper", "", call => Value.Of(Casing.IsUpper(call.SelfText.Text)))
        .Add("odd", "", call => Value.Of(Modulo(call, 2) == 1))
        .Add("even", "", call => Value.Of(Modulo(call, 2) == 0))
        .Add("divisibleby", "num", call => Numbers.Apply("%", Number(call, call.Self), Number(call, call[0]!)) is var rest ? Value.Of(!rest!.IsTrue) : BooleanValue.False)
        .Add("filter", "", call => Value.Of(Filters.Exists(call.SelfText.Text)))
        .Add("test", "", call => Value.Of(Exists(call.SelfText.Text)))
        .Add("in", "seq", call => Compare(call, "in"))
        .Add("== eq equalto", "other", call => Compare(call, "=="))
        .Add("!= ne", "other", call => Compare(call, "!="))
        .Add("> gt greaterthan", "other", call => Compare(call, ">"))
        .Add(">= ge", "other", call => Compare(call, ">="))
        .Add("< lt lessthan", "other", call => Compare(call, "<"))
        .Add("<= le", "other", call => Compare(call, "<="));

    public static Native Get(string name) => Table.Find(name) ?? throw TemplateException.Syntax($"unknown test '{name}'", 0);

    private static bool Exists(string name) => Table.Find(name) is not null;

    private static BooleanValue Compare(NativeCall call, string operation) =>
        Operators.Compare(call.Limits, operation, call.Self, call[0]!) ? BooleanValue.True : BooleanValue.False;

    /// <summary>Python's identity, where small values of one type are one object.</summary>
    private static bool IsSame(Value left, Value right) => ReferenceEquals(left, right)
        || (left.GetType() == right.GetType() && left is TextValue or IntegerValue or FloatValue && Comparison.AreEqual(left, right));

    private static Value Number(NativeCall call, Value value) =>
        Numbers.TryDouble(value, out _) ? value : throw call.Wrong(value, "numbers");

    private static int Modulo(NativeCall call, int divisor) =>
        Numbers.TryDouble(Numbers.Apply("%", Number(call, call.Self), Value.Of(divisor))!, out var rest) && rest == Math.Floor(rest) ? (int)rest : -1;
}
