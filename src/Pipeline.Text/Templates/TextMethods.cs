using System.Globalization;
using System.Text;

namespace Pipeline.Text;

/// <summary>Methods of Python's str. Parts of a text keep their marks.</summary>
internal static class TextMethods
{
    private static readonly NativeTable Table = new NativeTable()
        .Add("upper", "", call => Casing.Upper(call.Limits, Self(call)))
        .Add("lower casefold", "", call => Casing.Lower(call.Limits, Self(call)))
        .Add("title", "", call => Casing.Title(call.Limits, Self(call)))
        .Add("capitalize", "", call => Casing.Capitalize(call.Limits, Self(call)))
        .Add("swapcase", "", call => Casing.Swap(call.Limits, Self(call)))
        .Add("strip", "chars?", call => Trim(Self(call), call.OptionalText(0), start: true, end: true))
        .Add("lstrip", "chars?", call => Trim(Self(call), call.OptionalText(0), start: true, end: false))
        .Add("rstrip", "chars?", call => Trim(Self(call), call.OptionalText(0), start: false, end: true))
        .Add("startswith", "prefix start? end?", call => Affix(call, (text, affix) => text.StartsWith(affix, StringComparison.Ordinal)))
        .Add("endswith", "suffix start? end?", call => Affix(call, (text, affix) => text.EndsWith(affix, StringComparison.Ordinal)))
        .Add("replace", "old new count?", call => Replace(call, call.Text(0), call.Text(1), call.Integer(2, -1)))
        .Add("split", "sep? maxsplit?", call => TextSplitting.Split(call, Self(call), call.OptionalText(0)?.Text, call.Integer(1, -1)))
        .Add("rsplit", "sep? maxsplit?", call => TextSplitting.SplitFromEnd(call, Self(call), call.OptionalText(0)?.Text, call.Integer(1, -1)))
        .Add("splitlines", "keepends?", call => TextSplitting.Lines(call, Self(call), call.Flag(0)))
        .Add("partition", "sep", call => Partition(Self(call), call.Text(0), fromEnd: false))
        .Add("rpartition", "sep", call => Partition(Self(call), call.Text(0), fromEnd: true))
        .Add("join", "iterable", call => Join(call, call[0]!))
        .Add("find", "sub start? end?", call => Value.Of(Position(call, last: false)))
        .Add("rfind", "sub start? end?", call => Value.Of(Position(call, last: true)))
        .Add("index", "sub start? end?", call => Value.Of(Found(Position(call, last: false))))
        .Add("rindex", "sub start? end?", call => Value.Of(Found(Position(call, last: true))))
        .Add("count", "sub start? end?", Count)
        .Add("removeprefix", "prefix", call => Self(call) is var text && text.Text.StartsWith(call.Text(0).Text, StringComparison.Ordinal)
            ? Value.Of(text.Slice(call.Text(0).Length, text.Length - call.Text(0).Length)) : call.Self)
        .Add("removesuffix", "suffix", call => Self(call) is var text && text.Text.EndsWith(call.Text(0).Text, StringComparison.Ordinal)
            ? Value.Of(text.Slice(0, text.Length - call.Text(0).Length)) : call.Self)
        .Add("center", "width fillchar?", call => Pad(call, Self(call), call.Integer(0, 0), (missing, width) => (missing / 2) + (missing & width & 1)))
        .Add("ljust", "width fillchar?", call => Pad(call, Self(call), call.Integer(0, 0), (_, _) => 0))
        .Add("rjust", "width fillchar?", call => Pad(call, Self(call), call.Integer(0, 0), (missing, _) => missing))
        .Add("zfill", "width", ZeroFill)
        .Add("format", "*", call => BraceFormat.Apply(call, Self(call)))
        .Add("isdecimal", "", call => All(call, Rune.IsDigit))
        .Add("isdigit", "", call => All(call, rune => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0))
        .Add("isnumeric", "", call => All(call, IsNumeric))
        .Add("isalpha", "", call => All(call, Rune.IsLetter))
        .Add("isalnum", "", call => All(call, rune => Rune.IsLetter(rune) || IsNumeric(rune)))
        .Add("isspace", "", call => All(call, rune => rune.IsBmp && PythonText.IsSpace((char)rune.Value)))
        .Add("isupper", "", call => Value.Of(Casing.IsUpper(Self(call).Text)))
        .Add("islower", "", call => Value.Of(Casing.IsLower(Self(call).Text)));

    public static Native? Find(string name) => Table.Find(name);

    /// <summary>str.strip: white space, or any of the characters given, off one end or both.</summary>
    public static TextValue Trim(MarkedText text, MarkedText? characters, bool start, bool end)
    {
        Predicate<char> drop = characters is null ? PythonText.IsSpace : c => characters.Text.Contains(c, StringComparison.Ordinal);
        var from = 0;
        var to = text.Length;
        while (start && from < to && drop(text.Text[from]))
        {
            from++;
        }

        while (end && to > from && drop(text.Text[to - 1]))
        {
            to--;
        }

        return new(text.Slice(from, to - from));
    }

    /// <summary>str.replace, at most <paramref name="count"/> times unless negative; an empty text stands between all characters.</summary>
    public static TextValue Replace(NativeCall call, MarkedText old, MarkedText replacement, int count)
    {
        var text = call.SelfText;
        var writer = call.Writer();
        var position = 0;
        while (count != 0)
        {
            var found = text.Text.IndexOf(old.Text, position, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            var kept = old.Length > 0 || found == text.Length ? 0 : PythonText.UnitLength(text.Text, found);
            writer.Append(text.Slice(position, found - position)).Append(replacement).Append(text.Slice(found, kept));
            position = found + old.Length + kept;
            count--;
            if (old.Length == 0 && kept == 0)
            {
                break;
            }
        }

        return writer.Append(text.Slice(position, text.Length - position)).ToValue();
    }

    /// <summary>Pads to a width in code points; <paramref name="before"/> gives the share of the missing that goes in front.</summary>
    public static Value Pad(NativeCall call, MarkedText text, int width, Func<int, int, int> before)
    {
        var fill = call.Raw.Positional.Count > 1 ? call.Text(1) : MarkedText.Plain(" ");
        var missing = width - PythonText.Count(text.Text);
        if (missing <= 0)
        {
            return Value.Of(text);
        }

        var left = before(missing, width);
        return call.Writer().AppendRepeated(fill, left).Append(text).AppendRepeated(fill, missing - left).ToValue();
    }

    private static MarkedText Self(NativeCall call) => ((TextValue)call.Self).Marked;

    private static BooleanValue Affix(NativeCall call, Func<string, string, bool> matches)
    {
        var text = Window(call).Text;
        var affixes = call[0] is ListValue { Kind: ListKind.Tuple } tuple ? tuple.Items : [call[0]!];
        call.Limits.Charge(affixes.Count);
        return affixes.Any(affix => matches(text, affix is TextValue value ? value.Text : throw call.Wrong(affix, "a text")))
            ? BooleanValue.True
            : BooleanValue.False;
    }

    /// <summary>The part between the optional start and end (arguments 1 and 2).</summary>
    private static TextValue Window(NativeCall call) => call[1] is null && call[2] is null
        ? (TextValue)call.Self
        : (TextValue)Slicing.Slice(call.Limits, call.Self, call[1], call[2], null);

    /// <summary>The code point where the text of argument 0 stands, or -1.</summary>
    private static int Position(NativeCall call, bool last)
    {
        var window = Window(call).Text;
        var part = call.Text(0).Text;
        var found = last ? window.LastIndexOf(part, StringComparison.Ordinal) : window.IndexOf(part, StringComparison.Ordinal);
        if (found < 0)
        {
            return -1;
        }

        var skipped = call[1] is null ? 0 : PythonText.Count(Self(call).Text) - PythonText.Count(((TextValue)Slicing.Slice(call.Limits, call.Self, call[1], null, null)).Text);
        return skipped + PythonText.Count(window[..found]);
    }

    private static int Found(int position) => position >= 0 ? position : throw TemplateException.Runtime("substring not found");

    private static Value Count(NativeCall call)
    {
        var text = Window(call).Text;
        var part = call.Text(0).Text;
        return Value.Of(part.Length == 0 ? PythonText.Count(text) + 1 : text.AsSpan().Count(part));
    }

    private static ListValue Partition(MarkedText text, MarkedText separator, bool fromEnd)
    {
        if (separator.Length == 0)
        {
            throw TemplateException.Runtime("empty separator");
        }

        var found = fromEnd
            ? text.Text.LastIndexOf(separator.Text, StringComparison.Ordinal)
            : text.Text.IndexOf(separator.Text, StringComparison.Ordinal);
        if (found < 0)
        {
            return fromEnd
                ? ListValue.Tuple(TextValue.Empty, TextValue.Empty, Value.Of(text))
                : ListValue.Tuple(Value.Of(text), TextValue.Empty, TextValue.Empty);
        }

        var end = found + separator.Length;
        return ListValue.Tuple(
            Value.Of(text.Slice(0, found)), Value.Of(text.Slice(found, separator.Length)), Value.Of(text.Slice(end, text.Length - end)));
    }

    private static TextValue Join(NativeCall call, Value iterable)
    {
        var writer = call.Writer();
        var separator = MarkedText.Empty;
        foreach (var item in call.Interpreter.Iterate(iterable))
        {
            writer.Append(separator).Append(item is TextValue text ? text.Marked : throw call.Wrong(item, "texts"));
            separator = Self(call);
        }

        return writer.ToValue();
    }

    private static Value ZeroFill(NativeCall call)
    {
        var text = Self(call);
        var sign = text.Length > 0 && text.Text[0] is '+' or '-' ? 1 : 0;
        var missing = call.Integer(0, 0) - PythonText.Count(text.Text);
        return call.Writer().Append(text.Slice(0, sign)).AppendRepeated(MarkedText.Plain("0"), missing)
            .Append(text.Slice(sign, text.Length - sign)).ToValue();
    }

    private static bool IsNumeric(Rune rune) => CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) >= 0;

    private static BooleanValue All(NativeCall call, Predicate<Rune> test)
    {
        var text = Self(call).Text;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!test(rune))
            {
                return BooleanValue.False;
            }
        }

        return text.Length > 0 ? BooleanValue.True : BooleanValue.False;
    }
}
