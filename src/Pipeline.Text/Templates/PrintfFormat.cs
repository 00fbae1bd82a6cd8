namespace Pipeline.Text;

/// <summary>Python's <c>format % values</c>.</summary>
internal static class PrintfFormat
{
    /// <summary>The text with its <c>%s</c> and their like replaced.</summary>
    /// <param name="values">A tuple gives its items in order, a dict its keys to <c>%(name)s</c>, all else is the one value.</param>
    public static TextValue Apply(TemplateLimits limits, MarkedText format, Value values)
    {
        var writer = new MarkedTextWriter(limits);
        var next = 0;
        var position = 0;
        while (format.Text.IndexOf('%', position) is var found and >= 0)
        {
            writer.Append(format.Slice(position, found - position));
            var directive = FormatSpec.ReadPrintf(format.Text, found + 1, out position);
            if (directive.Type == '%')
            {
                writer.Append(format.Slice(found, 1));
                continue;
            }

            var value = directive.Name is null ? Take(values, ref next) : Named(values, directive.Name);
            FormatPrinter.Write(writer, limits, directive, directive.Type switch
            {
                's' => Value.Of(Printing.Str(limits, value)),
                'r' => Value.Of(Printing.Repr(limits, value)),
                'i' or 'd' or 'u' => Integer(value),
                _ => value,
            });
        }

        // A list or dict may go unused, as it may be there for its keys.
        var given = values is ListValue { Kind: ListKind.Tuple } tuple ? tuple.Items.Count : values is ListValue or DictValue ? 0 : 1;
        if (next < given)
        {
            throw TemplateException.Runtime("not all arguments were converted by the format");
        }

        return writer.Append(format.Slice(position, format.Length - position)).ToValue();
    }

    private static Value Take(Value values, ref int next)
    {
        var items = values is ListValue { Kind: ListKind.Tuple } tuple ? tuple.Items : [values];
        return next < items.Count ? items[next++] : throw TemplateException.Runtime("not enough arguments for the format");
    }

    private static Value Named(Value values, string name) => values is DictValue dict
        ? dict.TryGet(name, out var value) ? value : throw TemplateException.Runtime($"the format names '{name}', which is missing")
        : throw TemplateException.Runtime("the format needs a mapping");

    private static Value Integer(Value value) => value switch
    {
        FloatValue real when double.IsFinite(real.Number) => Value.Of(new System.Numerics.BigInteger(real.Number)),
        _ when Numbers.TryInteger(value, out var number) => Value.Of(number),
        _ => throw TemplateException.Runtime($"%d needs a number, not a {value.TypeName}"),
    };
}
