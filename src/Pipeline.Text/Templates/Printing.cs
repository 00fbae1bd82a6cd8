using System.Globalization;

namespace Pipeline.Text;

/// <summary>Python's str() and repr() of values. Only texts carry marks of trust; what a number or a bracket prints is nobody's.</summary>
internal static class Printing
{
    /// <summary>What <c>{{ value }}</c>, ~ and join print.</summary>
    public static MarkedText Str(TemplateLimits limits, Value value) => value switch
    {
        TextValue text => text.Marked,
        UndefinedValue => MarkedText.Empty,
        _ => Repr(limits, value),
    };

    public static MarkedText Repr(TemplateLimits limits, Value value)
    {
        var writer = new MarkedTextWriter(limits);
        WriteRepr(writer, value);
        return writer.ToMarkedText();
    }

    public static string IntegerText(Value value) => ((IntegerValue)value).Number.ToString(CultureInfo.InvariantCulture);

    private static void WriteRepr(MarkedTextWriter writer, Value value)
    {
        switch (value)
        {
            case NoneValue: writer.Append("None"); break;
            case BooleanValue: writer.Append(value.IsTrue ? "True" : "False"); break;
            case IntegerValue: writer.Append(IntegerText(value)); break;
            case FloatValue real: writer.Append(Numbers.Repr(real.Number)); break;
            case TextValue text: WriteText(writer, text.Marked); break;
            case UndefinedValue: writer.Append("Undefined"); break;
            case ListValue { Kind: ListKind.List } list: WriteItems(writer, "[", list.Items, "]"); break;
            case ListValue { Kind: ListKind.Tuple } tuple: WriteItems(writer, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")"); break;
            case DictValue dict: WriteDict(writer, dict); break;
            default: throw TemplateException.Unsupported($"printing a {value.TypeName}");
        }
    }

    private static void WriteItems(MarkedTextWriter writer, string open, IReadOnlyList<Value> items, string close)
    {
        writer.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            writer.Append(i > 0 ? ", " : "");
            WriteRepr(writer, items[i]);
        }

        writer.Append(close);
    }

    private static void WriteDict(MarkedTextWriter writer, DictValue dict)
    {
        writer.Append("{");
        var separator = "";
        foreach (var (key, value) in dict.Entries)
        {
            writer.Append(separator);
            WriteRepr(writer, key);
            writer.Append(": ");
            WriteRepr(writer, value);
            separator = ", ";
        }

        writer.Append("}");
    }

    private static void WriteText(MarkedTextWriter writer, MarkedText text)
    {
        var quote = text.Text.Contains('\'', StringComparison.Ordinal) && !text.Text.Contains('"', StringComparison.Ordinal) ? "\"" : "'";
        writer.Append(quote);
        PythonText.Escape(writer, text, (point, _) => point == quote[0] ? "\\" + quote : Escaped(point));
        writer.Append(quote);
    }

    private static string? Escaped(int point) => point switch
    {
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < 0x20 or (>= 0x7f and < 0xa1) or 0xad => $"\\x{point:x2}",
        < 0x7f => null,
        _ when PythonText.IsPrintable(point) => null,
        <= 0xff => $"\\x{point:x2}",
        <= 0xffff => $"\\u{point:x4}",
        _ => $"\\U{point:x8}",
    };
}
