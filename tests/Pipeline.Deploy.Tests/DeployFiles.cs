namespace Pipeline.Deploy.Tests;

/// <summary>The files of deploy/.</summary>
internal static class DeployFiles
{
    public static string PathOf(params string[] names) => Path.Join([SharedData.Root, "deploy", .. names]);

    public static string Read(params string[] names) => File.ReadAllText(PathOf(names));
}
