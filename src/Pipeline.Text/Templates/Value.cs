using System.Numerics;

namespace Pipeline.Text;

/// <summary>What a template computes with: Python's values, immutable but for namespaces, as the sandbox leaves them.</summary>
internal abstract class Value
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>Python's truth of the value.</summary>
    public virtual bool IsTrue => true;

    /// <summary>Containers within containers below this value.</summary>
    public virtual int Depth => 0;

    /// <summary>What walking the whole value costs, in units of <see cref="TemplateLimits.Charge"/>.</summary>
    public virtual long Weight => 1;

    public static Value Of(bool truth) => truth ? BooleanValue.True : BooleanValue.False;

    public static Value Of(BigInteger number) => new IntegerValue(number);

    public static Value Of(MarkedText text) => new TextValue(text);
}

/// <summary>A missing name, key or attribute: prints as nothing, and fails on most other uses with its own message.</summary>
internal sealed class UndefinedValue(string message) : Value
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public string Message { get; } = message;
}

internal sealed class NoneValue : Value
{
    private NoneValue()
    {
    }

    public static NoneValue Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;
}

internal sealed class BooleanValue : Value
{
    private BooleanValue(bool truth) => IsTrue = truth;

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public override string TypeName => "bool";

    public override bool IsTrue { get; }
}

internal sealed class IntegerValue : Value
{
    public IntegerValue(BigInteger number)
    {
        if (number.GetBitLength() > TemplateLimits.IntegerBits)
        {
            throw TemplateException.Limit($"an integer of {number.GetBitLength()} bits is more than the {TemplateLimits.IntegerBits} allowed");
        }

        Number = number;
    }

    public BigInteger Number { get; }

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;
}

internal sealed class FloatValue(double number) : Value
{
    public double Number { get; } = number;

    public override string TypeName => "float";

    public override bool IsTrue => Number != 0;
}

internal sealed class TextValue(MarkedText text) : Value
{
    public static TextValue Empty { get; } = new(MarkedText.Empty);

    public MarkedText Marked { get; } = text;

    public string Text => Marked.Text;

    public override string TypeName => "str";

    public override bool IsTrue => Marked.Length > 0;

    public override long Weight => 1 + (Marked.Length / TemplateLimits.CharactersPerUnit);
}

/// <summary>Something that Python would call: a function of ours, a bound method, a macro, a type.</summary>
internal abstract class CallableValue : Value
{
    public override string TypeName => "function";

    public abstract Value Call(Interpreter interpreter, CallArguments arguments);
}

/// <summary>The one mutable value: what <c>namespace()</c> makes and <c>set ns.x = ...</c> changes.</summary>
internal sealed class NamespaceValue : Value
{
    public override string TypeName => "Namespace";

    public Dictionary<string, Value> Attributes { get; } = new(StringComparer.Ordinal);
}
