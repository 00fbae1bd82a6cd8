namespace Pipeline.Text;

/// <summary>What may stand behind a bar: the filters of texts and numbers here, those of sequences in <see cref="SequenceFilters"/>.</summary>
internal static class Filters
{
    /// <summary>Filters of Jinja that make HTML or random choices: no prompt needs them.</summary>
    private static readonly string[] Unsupported =
        ["attr", "filesizeformat", "forceescape", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr"];

    private static readonly NativeTable Table = SequenceFilters.AddTo(new NativeTable())
        .Add("default d", "default_value? boolean?", call => call.Self is UndefinedValue || (call.Flag(1) && !call.Self.IsTrue)
            ? call[0] ?? TextValue.Empty : call.Self)
        .Add("string", "", call => Value.Of(call.SelfText))
        .Add("safe", "", call => Value.Of(call.SelfText))
        .Add("upper", "", call => Casing.Upper(call.Limits, call.SelfText))
        .Add("lower", "", call => Casing.Lower(call.Limits, call.SelfText))
        .Add("title", "", call => Casing.TitleOfWords(call.Limits, call.SelfText))
        .Add("capitalize", "", call => Casing.Capitalize(call.Limits, call.SelfText))
        .Add("trim", "chars?", call => TextMethods.Trim(call.SelfText, call.OptionalText(0), start: true, end: true))
        .Add("replace", "s new count?", call => TextMethods.Replace(call, Str(call, 0), Str(call, 1), call.Integer(2, -1)))
        .Add("center", "width?", call => Center(call, call.Integer(0, 80)))
        .Add("indent", "width? first? blank?", Indent)
        .Add("truncate", "length? killwords? end? leeway?", Truncate)
        .Add("wordcount", "", call => Value.Of(CountWords(call.SelfText.Text)))
        .Add("format", "*", Format)
        .Add("escape e", "", EscapeHtml)
        .Add("tojson", "ensure_ascii? indent? separators? sort_keys?", ToJson)
        .Add("abs", "", call => Numbers.TryInteger(Operators.Defined(call.Self), out _) || call.Self is FloatValue
            ? Operators.Compare(call.Limits, "<", call.Self, Value.Of(0)) ? Operators.Negate(call.Self, "-") : Operators.Negate(call.Self, "+")
            : throw call.Wrong(call.Self, "a number"))
        .Add("int", "default? base?", call => NumberFilters.ToInteger(call))
        .Add("float", "default?", call => NumberFilters.ToFloat(call))
        .Add("round", "precision? method?", call => NumberFilters.Round(call));

    public static Native Get(string name) => Table.Find(name)
        ?? throw (Unsupported.Contains(name)
            ? TemplateException.Unsupported($"the filter '{name}'")
            : TemplateException.Syntax($"unknown filter '{name}'", 0));

    public static bool Exists(string name) => Table.Find(name) is not null || Unsupported.Contains(name);

    private static MarkedText Str(NativeCall call, int index) => Printing.Str(call.Limits, call[index]!);

    private static Value Center(NativeCall call, int width)
    {
        var missing = Math.Max(0, width - PythonText.Count(call.SelfText.Text));
        var left = (missing / 2) + (missing & width & 1);
        var blank = MarkedText.Plain(" ");
        return call.Writer().AppendRepeated(blank, left).Append(call.SelfText).AppendRepeated(blank, missing - left).ToValue();
    }

    private static Value Indent(NativeCall call)
    {
        var unit = call[0] is TextValue text ? text.Marked : call.Writer().AppendRepeated(MarkedText.Trusted(" "), call.Integer(0, 4)).ToMarkedText();
        var self = call.Self is TextValue ? call.SelfText : throw call.Wrong(call.Self, "a text");
        var writer = call.Writer();
        var isFirst = true;
        foreach (var line in TextSplitting.Lines(call, self + MarkedText.Trusted("\n"), keepEnds: false).Items)
        {
            var marked = ((TextValue)line).Marked;
            writer.Append(isFirst ? "" : "\n", trusted: true);
            if (isFirst ? call.Flag(1) : call.Flag(2) || marked.Length > 0)
            {
                writer.Append(unit);
            }

            writer.Append(marked);
            isFirst = false;
        }

        return writer.ToValue();
    }

    private static Value Truncate(NativeCall call)
    {
        var text = call.Self is TextValue ? call.SelfText : throw call.Wrong(call.Self, "a text");
        var length = call.Integer(0, 255);
        var end = call.OptionalText(2) ?? MarkedText.Trusted("...");
        var starts = PythonText.Starts(text.Text);
        if (starts.Length - 1 <= length + call.Integer(3, 5))
        {
            return Value.Of(text);
        }

        var keep = length - PythonText.Count(end.Text);
        if (keep < 0)
        {
            throw TemplateException.Runtime("truncate: the length is less than that of the end");
        }

        var kept = text.Slice(0, starts[keep]);
        var blank = call.Flag(1) ? -1 : kept.Text.LastIndexOf(' ');
        return call.Writer().Append(blank < 0 ? kept : kept.Slice(0, blank)).Append(end).ToValue();
    }

    private static int CountWords(string text)
    {
        var words = 0;
        var inside = false;
        foreach (var c in text)
        {
            var isWord = char.IsLetterOrDigit(c) || c == '_' || char.IsSurrogate(c);
            words += isWord && !inside ? 1 : 0;
            inside = isWord;
        }

        return words;
    }

    private static Value Format(NativeCall call) => Value.Of(call.Raw switch
    {
        { Named.Count: 0 } => PrintfFormat.Apply(call.Limits, call.SelfText, ListValue.Tuple(call.Raw.Positional)).Marked,
        { Positional.Count: 0 } => PrintfFormat.Apply(call.Limits, call.SelfText, new DictValue(call.Raw.Named.Select(
            pair => KeyValuePair.Create(Value.Of(MarkedText.Trusted(pair.Key)), pair.Value)))).Marked,
        _ => throw TemplateException.Runtime("format takes positional or named arguments, not both"),
    });

    private static Value EscapeHtml(NativeCall call)
    {
        var writer = call.Writer();
        PythonText.Escape(writer, call.SelfText, (point, _) => point switch
        {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&#34;",
            '\'' => "&#39;",
            _ => null,
        });
        return writer.ToValue();
    }

    private static Value ToJson(NativeCall call)
    {
        var indent = call[1] switch
        {
            null or NoneValue => null,
            TextValue text => text.Marked,
            _ => call.Writer().AppendRepeated(MarkedText.Plain(" "), call.Integer(1, 0)).ToMarkedText(),
        };
        var separators = call[2] is null or NoneValue
            ? [MarkedText.Plain(indent is null ? ", " : ","), MarkedText.Plain(": ")]
            : call.Interpreter.Iterate(call[2]!).Select(item => Printing.Str(call.Limits, item)).ToList();
        if (separators.Count != 2)
        {
            throw TemplateException.Runtime("tojson: separators are two texts");
        }

        call.Limits.Charge(call.Self.Weight);
        var writer = call.Writer();
        new JsonPrinter(writer, call.Flag(0), indent, separators[0], separators[1], call.Flag(3)).Write(call.Self);
        return writer.ToValue();
    }
}
