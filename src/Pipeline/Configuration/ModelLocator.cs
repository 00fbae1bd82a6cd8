namespace Pipeline.Configuration;

/// <summary>Which checkpoint a command works on.</summary>
internal static class ModelLocator
{
    // The checkpoint that ships with the program.
    private const string Default = "models/tiny-scout";

    /// <summary>The directory that is said first: by option, by PIPELINE_MODEL, by setting; else <see cref="Default"/> beside the
    /// launcher. Whether it holds a model, <see cref="Checkpoints.Checkpoint.Open"/> says.</summary>
    public static string Find(string? option, string? variable, string setting) =>
        Array.Find([option, variable, setting], path => !string.IsNullOrEmpty(path)) ?? BesideLauncher();

    // The program is built somewhere below the launcher's folder.
    private static string BesideLauncher()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Join(folder.FullName, Default)))
            {
                return Path.Join(folder.FullName, Default);
            }
        }

        return Path.GetFullPath(Default);
    }
}
