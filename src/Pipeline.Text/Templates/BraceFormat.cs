using System.Globalization;

namespace Pipeline.Text;

/// <summary>Python's str.format: <c>{}</c>, <c>{0}</c>, <c>{name.attribute[key]!r:spec}</c>.</summary>
internal static class BraceFormat
{
    public static TextValue Apply(NativeCall call, MarkedText format)
    {
        var writer = call.Writer();
        var text = format.Text;
        var automatic = 0;
        for (var i = 0; i < text.Length;)
        {
            var brace = text.AsSpan(i).IndexOfAny('{', '}');
            var kept = brace < 0 ? text.Length - i : brace;
            writer.Append(format.Slice(i, kept));
            i += kept;
            if (i == text.Length)
            {
                break;
            }

            if (i + 1 < text.Length && text[i + 1] == text[i])
            {
                writer.Append(format.Slice(i, 1));
                i += 2;
                continue;
            }

            var close = text[i] == '{' ? text.IndexOf('}', i) : -1;
            if (close < 0)
            {
                throw TemplateException.Runtime("a single brace in a format");
            }

            WriteField(call, writer, text[(i + 1)..close], ref automatic);
            i = close + 1;
        }

        return writer.ToValue();
    }

    private static void WriteField(NativeCall call, MarkedTextWriter writer, string field, ref int automatic)
    {
        var colon = field.IndexOf(':');
        var spec = colon < 0 ? "" : field[(colon + 1)..];
        var head = colon < 0 ? field : field[..colon];
        if (spec.Contains('{', StringComparison.Ordinal))
        {
            throw TemplateException.Unsupported("a field within a format's field");
        }

        var bang = head.IndexOf('!');
        var value = Lookup(call, bang < 0 ? head : head[..bang], ref automatic);
        var converted = (bang < 0 ? "" : head[(bang + 1)..]) switch
        {
            "" => value,
            "s" => Value.Of(Printing.Str(call.Limits, value)),
            "r" => Value.Of(Printing.Repr(call.Limits, value)),
            var other => throw TemplateException.Unsupported($"the conversion '!{other}' in a format"),
        };
        FormatPrinter.Write(writer, call.Limits, FormatSpec.Read(spec), converted is UndefinedValue ? TextValue.Empty : converted);
    }

    private static Value Lookup(NativeCall call, string path, ref int automatic)
    {
        var end = path.AsSpan().IndexOfAny('.', '[');
        var name = end < 0 ? path : path[..end];
        Value? value;
        if (name.Length == 0 || name.All(char.IsAsciiDigit))
        {
            var index = name.Length == 0 ? automatic++ : ParseIndex(name);
            value = call.Raw.Positional.ElementAtOrDefault(index);
        }
        else
        {
            value = call.Raw.Find(name);
        }

        value = value ?? throw TemplateException.Runtime($"the format names argument '{name}', which is missing");
        return end < 0 ? value : Steps(call, value, path[end..]);
    }

    private static Value Steps(NativeCall call, Value value, string path)
    {
        while (path.Length > 0)
        {
            var isItem = path[0] == '[';
            var end = isItem ? path.IndexOf(']') : path.AsSpan(1).IndexOfAny('.', '[') is var next and >= 0 ? next + 1 : path.Length;
            if (end < 2)
            {
                throw TemplateException.Runtime("a broken field in a format");
            }

            var name = path[1..end];
            value = isItem
                ? Members.Item(call.Limits, value, name.All(char.IsAsciiDigit) ? Value.Of(ParseIndex(name)) : Value.Of(MarkedText.Trusted(name)))
                : Members.Attribute(value, name);
            path = path[(isItem ? end + 1 : end)..];
        }

        return value;
    }

    private static int ParseIndex(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        ? index
        : throw TemplateException.Limit("a number in a format is too large");
}
