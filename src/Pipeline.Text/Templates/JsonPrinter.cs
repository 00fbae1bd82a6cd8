using System.Globalization;

namespace Pipeline.Text;

/// <summary>
/// Python's json.dumps, as transformers' tojson filter calls it. Characters of texts keep their marks; brackets
/// and quotes are not trusted, as the data decides where they stand.
/// </summary>
/// <param name="indent">What one level adds at a line's start; null keeps all on one line.</param>
internal sealed class JsonPrinter(
    MarkedTextWriter writer, bool asciiOnly, MarkedText? indent, MarkedText itemSeparator, MarkedText keySeparator, bool sortKeys)
{
    public void Write(Value value, int depth = 0)
    {
        switch (value)
        {
            case NoneValue: writer.Append("null"); break;
            case BooleanValue: writer.Append(value.IsTrue ? "true" : "false"); break;
            case IntegerValue: writer.Append(Printing.IntegerText(value)); break;
            case FloatValue real: writer.Append(FloatText(real.Number)); break;
            case TextValue text: WriteText(text.Marked); break;
            case ListValue { Kind: ListKind.List or ListKind.Tuple } list:
                WriteAll("[", list.Items, item => Write(item, depth + 1), "]", depth);
                break;
            case DictValue dict:
                WriteAll("{", sortKeys ? Sorted(dict) : dict.Entries, entry => WriteEntry(entry, depth + 1), "}", depth);
                break;
            default:
                Operators.Defined(value);
                throw TemplateException.Runtime($"a {value.TypeName} can't be written as JSON");
        }
    }

    private static List<KeyValuePair<Value, Value>> Sorted(DictValue dict)
    {
        var entries = dict.Entries.ToList();
        return Sorting.Stable(entries, entry => entry.Key, reverse: false);
    }

    private static string FloatText(double number) => number switch
    {
        double.NaN => "NaN",
        double.PositiveInfinity => "Infinity",
        double.NegativeInfinity => "-Infinity",
        _ => Numbers.Repr(number),
    };

    private void WriteAll<T>(string open, IReadOnlyList<T> items, Action<T> write, string close, int depth)
    {
        writer.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                writer.Append(itemSeparator);
            }

            StartLine(depth + 1);
            write(items[i]);
        }

        if (items.Count > 0)
        {
            StartLine(depth);
        }

        writer.Append(close);
    }

    private void StartLine(int depth)
    {
        if (indent is not null)
        {
            writer.Append("\n").AppendRepeated(indent, depth);
        }
    }

    private void WriteEntry(KeyValuePair<Value, Value> entry, int depth)
    {
        WriteText(entry.Key switch
        {
            TextValue text => text.Marked,
            NoneValue => MarkedText.Plain("null"),
            BooleanValue => MarkedText.Plain(entry.Key.IsTrue ? "true" : "false"),
            IntegerValue => MarkedText.Plain(Printing.IntegerText(entry.Key)),
            FloatValue real => MarkedText.Plain(FloatText(real.Number)),
            _ => throw TemplateException.Runtime($"keys of JSON must be texts or numbers, not {entry.Key.TypeName}"),
        });
        writer.Append(keySeparator);
        Write(entry.Value, depth);
    }

    private void WriteText(MarkedText text)
    {
        writer.Append("\"");
        PythonText.Escape(writer, text, (point, unit) => point switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\b' => "\\b",
            '\f' => "\\f",
            < 0x20 => $"\\u{point:x4}",
            > 0x7e when asciiOnly => string.Concat(unit.ToString().Select(c => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture))),
            _ => null,
        });
        writer.Append("\"");
    }
}
