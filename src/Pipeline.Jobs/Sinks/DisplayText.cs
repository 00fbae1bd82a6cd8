using System.Text;

namespace Pipeline.Jobs.Sinks;

/// <summary>Text made safe to show: control characters never reach a terminal.</summary>
public static class DisplayText
{
    /// <summary>Control characters as <c>\n</c>, <c>\t</c>, <c>\r</c> or <c>\u001b</c>.</summary>
    /// <param name="keepLines">Newlines and tabs stay what they are.</param>
    public static string Escape(string text, bool keepLines = false)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u0000', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f'))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 16);
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '\n' or '\t' when keepLines => shown.Append(letter),
                '\n' => shown.Append("\\n"),
                '\t' => shown.Append("\\t"),
                '\r' => shown.Append("\\r"),
                _ when char.IsControl(letter) => shown.Append($"\\u{(int)letter:x4}"),
                _ => shown.Append(letter),
            };
        }

        return shown.ToString();
    }
}
