using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pipeline.Media.Tests;

/// <summary>Opens files as user "nobody", on a thread of its own: Linux keeps the user for file access a thread (setfsuid(2)).</summary>
[SupportedOSPlatform("linux")]
internal static partial class UnprivilegedThread
{
    private const uint Nobody = 65534;

    public static T Run<T>(Func<T> work)
    {
        var task = new Task<T>(work);
        var thread = new Thread(() =>
        {
            SetFileUser(Nobody);
            task.RunSynchronously();
        });
        thread.Start();
        thread.Join();
        return task.GetAwaiter().GetResult();
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileUser(uint user);
}
