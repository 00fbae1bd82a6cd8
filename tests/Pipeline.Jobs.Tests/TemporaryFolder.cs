namespace Pipeline.Jobs.Tests;

/// <summary>A folder that goes when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pipeline-jobs-").FullName;

    public string Of(string relative) => System.IO.Path.Join(Path, relative);

    /// <summary>Makes empty files, and the folders that hold them.</summary>
    public TemporaryFolder With(params string[] files)
    {
        foreach (var file in files)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Of(file))!);
            File.WriteAllBytes(Of(file), []);
        }

        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
