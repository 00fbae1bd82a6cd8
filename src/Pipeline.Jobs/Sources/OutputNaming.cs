namespace Pipeline.Jobs.Sources;

/// <summary>
/// Where <c>--output DIR/</c> puts the result of a file: its path below the folder that holds all of the run. That is
/// the one folder named; the working folder where all paths are spelled relative to it; else the deepest folder that
/// holds them all. So no name leads out of DIR, and two files never share one but for their extension.
/// </summary>
internal sealed class OutputNaming
{
    private readonly string _base;

    /// <param name="paths">The run's paths as spelled.</param>
    /// <param name="workingFolder">Absolute.</param>
    public OutputNaming(IReadOnlyList<string> paths, string workingFolder)
    {
        var roots = paths.Select(path => (Spelled: path, Folder: FolderOf(path, workingFolder))).ToList();
        if (paths.Count == 1 && Directory.Exists(Path.Combine(workingFolder, paths[0])))
        {
            _base = roots[0].Folder;
        }
        else if (roots.TrueForAll(root => !Path.IsPathRooted(root.Spelled) && Holds(workingFolder, root.Folder)))
        {
            _base = workingFolder;
        }
        else
        {
            _base = roots.Select(root => root.Folder).Aggregate(CommonFolder);
        }
    }

    /// <param name="path">Absolute.</param>
    /// <param name="sharesName">Whether another file of the run differs only in its extension, which is then kept.</param>
    public string NameOf(string path, bool sharesName)
    {
        var relative = Path.GetRelativePath(_base, path);
        return !sharesName && MediaNames.HasMediaExtension(relative) ? Path.ChangeExtension(relative, null) : relative;
    }

    private static string FolderOf(string path, string workingFolder)
    {
        var full = Path.GetFullPath(path, workingFolder);
        if (!Path.Exists(full) && GlobPattern.IsPattern(path))
        {
            return Path.TrimEndingDirectorySeparator(Path.GetFullPath(GlobPattern.Parse(path).FixedFolder, workingFolder));
        }

        return Directory.Exists(full) ? Path.TrimEndingDirectorySeparator(full) : Path.GetDirectoryName(full)!;
    }

    private static string CommonFolder(string one, string other)
    {
        while (!Holds(one, other))
        {
            one = Path.GetDirectoryName(one)!;
        }

        return one;
    }

    private static bool Holds(string folder, string inner) =>
        inner == folder || inner.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + "/", StringComparison.Ordinal);
}
