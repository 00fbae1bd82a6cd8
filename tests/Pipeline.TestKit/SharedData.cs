using Xunit;

namespace Pipeline.TestKit;

/// <summary>The folder of big reference files that lies beside a checkout (<c>../shared</c>), where there is one.</summary>
public static class SharedData
{
    /// <summary>The repository's root: the folder that holds Pipeline.sln.</summary>
    public static string Root { get; } = FindRoot();

    private static string Shared { get; } = Path.GetFullPath(Path.Combine(Root, "..", "shared"));

    public static string PathOf(string relative) => Path.Combine(Shared, relative);

    public static bool Exists(string relative) => Path.Exists(PathOf(relative));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Pipeline.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Pipeline.sln was not found above the test's folder.");
    }
}

/// <summary>A fact that is skipped, by name, where the file it needs in ../shared is missing.</summary>
public sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute(string needs)
    {
        if (!SharedData.Exists(needs))
        {
            Skip = $"needs ../shared/{needs}";
        }
    }
}

/// <summary>A theory that is skipped, by name, where the file it needs in ../shared is missing.</summary>
public sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute(string needs)
    {
        if (!SharedData.Exists(needs))
        {
            Skip = $"needs ../shared/{needs}";
        }
    }
}
