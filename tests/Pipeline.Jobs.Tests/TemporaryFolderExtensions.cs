namespace Pipeline.Jobs.Tests;

internal static class TemporaryFolderExtensions
{
    /// <summary>Makes empty files, and the folders that hold them.</summary>
    public static TemporaryFolder With(this TemporaryFolder folder, params string[] files)
    {
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File(file))!);
            File.WriteAllBytes(folder.File(file), []);
        }

        return folder;
    }
}
