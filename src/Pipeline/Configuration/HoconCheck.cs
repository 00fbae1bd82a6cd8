using Pipeline.Engine.Configuration;

namespace Pipeline.Configuration;

/// <summary>
/// Refuses what Akka's HOCON parser would silently read as something else: brackets and quotes that do not close, a
/// line that is neither a setting nor a block.
/// </summary>
internal static class HoconCheck
{
    /// <exception cref="SettingsException">Names the file and the line.</exception>
    public static void Validate(string origin, string text)
    {
        var open = new Stack<(char Bracket, int Line)>();
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = WithoutComment(lines[number - 1], out var quoteIsOpen);
            if (quoteIsOpen)
            {
                throw Refuse(origin, number, "a quote that does not close");
            }

            var inList = open.Count > 0 && open.Peek().Bracket == '[';
            if (!inList && line.Trim().Length > 0 && !line.AsSpan().ContainsAny("=:{}"))
            {
                throw Refuse(origin, number, $"\"{line.Trim()}\" is neither a setting nor a block");
            }

            foreach (var letter in line)
            {
                if (letter is '{' or '[')
                {
                    open.Push((letter, number));
                }
                else if (letter is '}' or ']' && (!open.TryPop(out var opened) || opened.Bracket != (letter == '}' ? '{' : '[')))
                {
                    throw Refuse(origin, number, $"a {letter} that closes nothing");
                }
            }
        }

        if (open.TryPop(out var left))
        {
            throw Refuse(origin, left.Line, $"a {left.Bracket} that does not close");
        }
    }

    /// <summary>The line without its comment, and with its quoted text blanked.</summary>
    private static string WithoutComment(string line, out bool quoteIsOpen)
    {
        var kept = line.ToCharArray();
        quoteIsOpen = false;
        for (var i = 0; i < kept.Length; i++)
        {
            if (!quoteIsOpen && (kept[i] == '#' || line.AsSpan(i).StartsWith("//")))
            {
                return new string(kept, 0, i);
            }

            if (kept[i] == '"')
            {
                quoteIsOpen = !quoteIsOpen;
            }
            else if (quoteIsOpen)
            {
                i += kept[i] == '\\' ? 1 : 0;
                kept[Math.Min(i, kept.Length - 1)] = ' ';
            }
        }

        return new string(kept);
    }

    private static SettingsException Refuse(string origin, int line, string what) =>
        new($"{origin}: line {line}: {what}", "HOCON: a setting a line, as in pipeline.media.max-pixels = 1000000");
}
