using System.Diagnostics;
using Xunit;

namespace Pipeline.TestKit;

/// <summary>A file system of a few kilobytes, to be filled.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly string _path;

    public SmallDisk(string path, int bytes)
    {
        _path = path;
        Directory.CreateDirectory(path);
        Run("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", path);
    }

    public void Dispose() => Run("umount", "--lazy", _path);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>A fact that mounts a file system, which only root may.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (Environment.UserName != "root")
        {
            Skip = "needs root, to mount a small file system";
        }
    }
}
