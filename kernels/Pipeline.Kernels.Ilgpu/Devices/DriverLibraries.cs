using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Finds drivers by the names that their runtime packages have. ILGPU asks for <c>libOpenCL.so</c> and <c>libcuda.so</c>, which
/// only development packages hold; the rest ship the same library as <c>.so.1</c>.
/// </summary>
internal static class DriverLibraries
{
    /// <summary>ILGPU sets a resolver of its own where this folder is, and only one may be set.</summary>
    private const string Wsl = "/usr/lib/wsl/lib";

    private static readonly Lock Once = new();
    private static bool _resolved;

    public static void Resolve()
    {
        lock (Once)
        {
            if (!_resolved && OperatingSystem.IsLinux() && !Directory.Exists(Wsl))
            {
                NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Find);
            }

            _resolved = true;
        }
    }

    /// <summary>Whether an NVIDIA driver may be there: a look at files, which makes no context.</summary>
    public static bool MayHaveCuda() => OperatingSystem.IsWindows()
        ? File.Exists(Path.Combine(Environment.SystemDirectory, "nvcuda.dll"))
        : File.Exists("/dev/nvidiactl") || Directory.Exists(Wsl);

    private static nint Find(string name, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (var candidate in (ReadOnlySpan<string>)[name, $"{name}.1", $"lib{name}.so.1"])
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var library))
            {
                return library;
            }
        }

        return 0;
    }
}
