namespace Pipeline.Jobs.Sources;

/// <summary>
/// The files below a folder in the ordinal order of their relative paths, as they are asked for. Hidden entries and
/// links that lead back to a folder above them are left out. Names of one folder are read in passes, so that a folder of
/// any size costs the same memory.
/// </summary>
/// <param name="root">The folder's absolute path.</param>
/// <param name="entersFolder">Whether a folder, given relative to the root, can hold what is looked for.</param>
/// <param name="namesHeld">Names of one folder that are held at once.</param>
internal sealed class FolderWalk(string root, Func<string, bool> entersFolder, int namesHeld = 65_536)
{
    private static readonly EnumerationOptions s_entries = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    /// <summary>Paths relative to the root, and the folders that could not be read.</summary>
    public IEnumerable<(string RelativePath, Exception? Unreadable)> Files() => Walk("", [RealPath(root)]);

    private IEnumerable<(string RelativePath, Exception? Unreadable)> Walk(string prefix, string[] ancestors)
    {
        var last = "";
        while (true)
        {
            if (NamesAfter(last, prefix, out var names) is { } failure)
            {
                yield return (prefix.TrimEnd('/'), failure);
                yield break;
            }

            foreach (var name in names)
            {
                if (!name.EndsWith('/'))
                {
                    yield return (prefix + name, null);
                }
                else if (entersFolder(prefix + name[..^1]) && Enter(prefix + name, ancestors) is { } inner)
                {
                    foreach (var file in Walk(prefix + name, inner))
                    {
                        yield return file;
                    }
                }
            }

            if (names.Count < namesHeld)
            {
                yield break;
            }

            last = names.Max!;
        }
    }

    /// <summary>The next names of a folder in order; a folder's name ends in a slash, which puts it where its files sort.</summary>
    private Exception? NamesAfter(string last, string prefix, out SortedSet<string> names)
    {
        names = new SortedSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var entry in new DirectoryInfo(Path.Join(root, prefix)).EnumerateFileSystemInfos("*", s_entries))
            {
                var name = entry is DirectoryInfo ? entry.Name + "/" : entry.Name;
                if (name[0] == '.' || string.CompareOrdinal(name, last) <= 0)
                {
                    continue;
                }

                names.Add(name);
                if (names.Count > namesHeld)
                {
                    names.Remove(names.Max!);
                }
            }

            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure;
        }
    }

    /// <summary>The folders that lead into this one, or null where it is one of them.</summary>
    private string[]? Enter(string relativePath, string[] ancestors)
    {
        var folder = new DirectoryInfo(Path.Join(root, relativePath.TrimEnd('/')));
        var real = folder.LinkTarget is null ? Path.Join(ancestors[^1], folder.Name) : RealPath(folder.FullName);
        return ancestors.Contains(real, StringComparer.Ordinal) ? null : [.. ancestors, real];
    }

    private static string RealPath(string path)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var part in path[real.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = new DirectoryInfo(Path.Join(real, part));
            real = next.LinkTarget is null ? next.FullName : RealPath(next.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        }

        return real;
    }
}
