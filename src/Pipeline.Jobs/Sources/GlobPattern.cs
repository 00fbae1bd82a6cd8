using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Jobs.Sources;

/// <summary>A pattern of a path: <c>*</c> and <c>?</c> within a name, <c>[a-z]</c> and <c>[!a-z]</c>, <c>**</c> over any number of folders.</summary>
internal sealed class GlobPattern
{
    private readonly Regex?[] _segments; // null is **

    private GlobPattern(string fixedFolder, Regex?[] segments) => (FixedFolder, _segments) = (fixedFolder, segments);

    /// <summary>The leading folders without wildcards, as spelled; empty for none.</summary>
    public string FixedFolder { get; }

    public static bool IsPattern(string path) => path.AsSpan().ContainsAny('*', '?', '[');

    public static GlobPattern Parse(string pattern)
    {
        var wild = pattern.AsSpan().IndexOfAny('*', '?', '[');
        var split = pattern.LastIndexOf('/', wild);
        var segments = pattern[(split + 1)..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        return new GlobPattern(
            split == 0 ? "/" : pattern[..Math.Max(split, 0)],
            Array.ConvertAll(segments, segment => segment == "**" ? null : Compile(segment)));
    }

    /// <summary>Whether the pattern fits a path below <see cref="FixedFolder"/>.</summary>
    public bool IsMatch(string relativePath) => Fits(0, relativePath.Split('/'), 0, asFolder: false);

    /// <summary>Whether a folder below <see cref="FixedFolder"/> can hold a match.</summary>
    public bool CanHold(string relativeFolder) => Fits(0, relativeFolder.Split('/'), 0, asFolder: true);

    private bool Fits(int segment, string[] names, int name, bool asFolder)
    {
        if (name == names.Length)
        {
            return asFolder ? segment < _segments.Length : Array.TrueForAll(_segments[segment..], left => left is null);
        }

        if (segment == _segments.Length)
        {
            return false;
        }

        return _segments[segment] is { } pattern
            ? pattern.IsMatch(names[name]) && Fits(segment + 1, names, name + 1, asFolder)
            : Fits(segment + 1, names, name, asFolder) || Fits(segment, names, name + 1, asFolder);
    }

    private static Regex Compile(string segment)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < segment.Length; i++)
        {
            var close = segment[i] == '[' ? segment.IndexOf(']', Math.Min(i + 2, segment.Length)) : -1;
            if (close > 0)
            {
                var set = segment[(i + 1)..close];
                var negated = set[0] is '!' or '^';
                regex.Append(negated ? "[^" : "[").Append(EscapeSet(negated ? set[1..] : set)).Append(']');
                i = close;
            }
            else
            {
                regex.Append(segment[i] switch { '*' => ".*", '?' => ".", var letter => Regex.Escape(letter.ToString()) });
            }
        }

        // NonBacktracking: a hostile pattern of many stars stays linear.
        return new Regex(
            regex.Append('$').ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }

    private static string EscapeSet(string set) =>
        set.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal)
            .Replace("]", "\\]", StringComparison.Ordinal).Replace("^", "\\^", StringComparison.Ordinal);
}
