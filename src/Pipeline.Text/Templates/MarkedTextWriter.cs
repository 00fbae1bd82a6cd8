namespace Pipeline.Text;

/// <summary>Writes text with marks, charged and bounded: every text that a template makes comes out of one of these.</summary>
internal sealed class MarkedTextWriter(TemplateLimits limits)
{
    private readonly MarkedTextBuilder _builder = new();

    public MarkedTextWriter Append(MarkedText text)
    {
        Charge(text.Length);
        _builder.Append(text);
        return this;
    }

    public MarkedTextWriter Append(ReadOnlySpan<char> text, bool trusted = false)
    {
        Charge(text.Length);
        _builder.Append(text, trusted);
        return this;
    }

    public MarkedTextWriter AppendRepeated(MarkedText text, long times)
    {
        limits.CheckLength(_builder.Length + (Math.Max(times, 0) * text.Length));
        for (var i = 0L; i < times; i++)
        {
            Append(text);
        }

        return this;
    }

    public MarkedText ToMarkedText() => _builder.ToMarkedText();

    public TextValue ToValue() => new(ToMarkedText());

    private void Charge(int characters)
    {
        limits.CheckLength((long)_builder.Length + characters);
        limits.ChargeText(characters);
    }
}
