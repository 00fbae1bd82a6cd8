using System.Text;

namespace Pipeline.Terminal;

/// <summary>Names and values in two columns, the same on a terminal and in a pipe.</summary>
internal sealed class TextTable
{
    private readonly List<(string Name, string Value)> _rows = [];

    public TextTable Add(string name, string value)
    {
        _rows.Add((name, value));
        return this;
    }

    public TextTable Gap() => Add("", "");

    public override string ToString()
    {
        var width = _rows.Max(row => row.Name.Length) + 2;
        var text = new StringBuilder();
        foreach (var (name, value) in _rows)
        {
            text.Append((name.PadRight(width) + value).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
